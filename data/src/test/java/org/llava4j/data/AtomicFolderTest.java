package org.llava4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFolderTest {
    private static final String MARKER = AtomicFolder.MARKER;
    private static final String KIND = "thing";
    private static final String MARK = "{\"wrote\": \"thing\"}\n";

    @TempDir
    Path temp;

    @Test
    void commitCreatesTarget() throws IOException {
        Path target = temp.resolve("new/parent/out");
        try (AtomicFolder folder = AtomicFolder.begin(target, KIND)) {
            assertThat(target).doesNotExist();
            folder.commit();
        }
        assertThat(names(target)).containsExactly(MARKER);
        assertThat(names(target.getParent())).containsExactly("out");
    }

    @Test
    void closeWithoutCommitDeletesEverything() throws IOException {
        try (AtomicFolder folder = AtomicFolder.begin(temp.resolve("out"), KIND)) {
            Files.createDirectories(folder.path().resolve("deep/er"));
            Files.writeString(folder.path().resolve("deep/er/file"), "x");
        }
        assertThat(names(temp)).isEmpty();
    }

    @Test
    void commitReplacesPreviousOutput() throws IOException {
        Path target = written("stale", "previous");
        try (AtomicFolder folder = AtomicFolder.begin(target, KIND)) {
            Files.writeString(folder.path().resolve("fresh"), "new");
            folder.commit();
        }
        assertThat(names(target)).containsExactly("fresh", MARKER);
        assertThat(names(temp)).containsExactly("out");
    }

    @Test
    void closeWithoutCommitKeepsPreviousOutput() throws IOException {
        Path target = written("file", "previous");
        try (AtomicFolder folder = AtomicFolder.begin(target, KIND)) {
            Files.writeString(folder.path().resolve("half"), "written");
        }
        assertThat(names(target)).containsExactly("file", MARKER);
        assertThat(names(temp)).containsExactly("out");
    }

    @Test
    void commitReplacesEmptyFolder() throws IOException {
        Path target = Files.createDirectories(temp.resolve("out"));
        try (AtomicFolder folder = AtomicFolder.begin(target, KIND)) {
            folder.commit();
        }
        assertThat(names(target)).containsExactly(MARKER);
        assertThat(names(temp)).containsExactly("out");
    }

    @Test
    void beginRejectsFolderOfUser() throws IOException {
        Path target = Files.createDirectories(temp.resolve("photos"));
        Files.writeString(target.resolve("wedding.jpg"), "precious");
        assertThatThrownBy(() -> AtomicFolder.begin(target, KIND))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(target + " contains files that no previous run wrote, such as wedding.jpg");
        assertThat(names(temp)).containsExactly("photos");
    }

    /** A marker of another kind does not identify an own output: models, data sets and reports must not be deleted. */
    @Test
    void beginRejectsOutputOfAnotherCommand() throws IOException {
        Path target = Files.createDirectories(temp.resolve("model"));
        Files.writeString(target.resolve(MARKER), MARK);
        assertThatThrownBy(() -> AtomicFolder.begin(target, "other"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("contains the output of another command (\"thing\")");
        assertThat(names(target)).containsExactly(MARKER);
    }

    @Test
    void beginRejectsAddedFile() throws IOException {
        Path target = written("file", "previous");
        Files.createDirectories(target.resolve("data"));
        Files.writeString(target.resolve("data/my-notes.txt"), "mine");
        assertRejected(target, "data/my-notes.txt");
        assertThat(target.resolve("data/my-notes.txt")).hasContent("mine");
        assertThat(names(temp)).containsExactly("out");
    }

    @Test
    void beginRejectsAddedEmptyFolder() throws IOException {
        Path target = written("file", "previous");
        Files.createDirectories(target.resolve("data"));
        assertRejected(target, "data/");
    }

    @Test
    void beginRejectsAddedLink() throws IOException {
        Path target = written("file", "previous");
        Files.createSymbolicLink(target.resolve("link"), temp);
        assertRejected(target, "link");
    }

    @Test
    void beginRejectsChangedFile() throws IOException {
        Path target = written("file", "previous");
        Files.writeString(target.resolve("file"), "Previous");
        assertRejected(target, "file");
        Files.writeString(target.resolve("file"), "longer than before");
        assertRejected(target, "file");
    }

    @Test
    void beginRejectsOutputWithoutManifest() throws IOException {
        Path target = Files.createDirectories(temp.resolve("out"));
        Files.writeString(target.resolve(MARKER), MARK);
        Files.writeString(target.resolve("file"), "of an older version, or mine");
        assertRejected(target, "older version");
    }

    @Test
    void beginAcceptsOutputWithDeletedFilesOrOwnEmptyFolder() throws IOException {
        Path target = temp.resolve("out");
        try (AtomicFolder folder = AtomicFolder.begin(target, KIND)) {
            Files.createDirectories(folder.path().resolve("images"));
            Files.writeString(folder.path().resolve("large"), "deleted to save space");
            folder.commit();
        }
        Files.delete(target.resolve("large"));
        try (AtomicFolder folder = AtomicFolder.begin(target, KIND)) {
            folder.commit();
        }
        assertThat(names(target)).containsExactly(MARKER);
    }

    @Test
    void commitRejectsFileAddedMeanwhileAndKeepsBoth() throws IOException {
        Path target = written("file", "previous");
        assertThat(commitAfter(() -> Files.writeString(target.resolve("my-notes.txt"), "mine"), "my-notes.txt"))
                .isDirectory();
        assertThat(names(target)).containsExactly("file", MARKER, "my-notes.txt");
    }

    @Test
    void commitRejectsFileChangedMeanwhile() throws IOException {
        Path target = written("file", "previous");
        FileTime before = FileTime.fromMillis(System.currentTimeMillis() - 60_000);
        Files.setLastModifiedTime(target.resolve("file"), before);
        commitAfter(() -> Files.writeString(target.resolve("file"), "Previous"), "file");
        assertThat(target.resolve("file")).hasContent("Previous");
    }

    @Test
    void beginKeepsFinishedOutput() throws IOException {
        Path target = written("file", "previous");
        Path finished = commitAfter(() -> Files.writeString(target.resolve("my-notes.txt"), "mine"), "my-notes.txt");
        Files.delete(target.resolve("my-notes.txt"));
        try (AtomicFolder folder = AtomicFolder.begin(target, KIND)) {
            folder.commit();
        }
        assertThat(finished.resolve("fresh")).hasContent("new");
    }

    @Test
    void beginDeletesOnlyOwnLeftovers() throws IOException {
        Path target = temp.resolve("out");
        Files.createDirectory(temp.resolve(".out.2e.part"));
        Files.writeString(temp.resolve(".out.2e.part").resolve(MARKER), "{\"wro");
        Files.createDirectories(temp.resolve(".out.3e.delete/half"));
        Files.createDirectory(temp.resolve(".other.2e.part"));
        Files.createDirectory(temp.resolve(".out.4e.finished"));
        Path whole = Files.createDirectory(temp.resolve(".out.5e.part"));
        Files.writeString(whole.resolve(MARKER), "{\"wrote\": \"thing\", \"files\": {}}");
        AtomicFolder.begin(target, KIND).close();
        assertThat(names(temp)).containsExactly(".other.2e.part", ".out.4e.finished", "out");
        assertThat(names(target)).as("the complete one").containsExactly(MARKER);
    }

    @Test
    void beginRestoresPreviousOutput() throws IOException {
        Path previous = Files.move(written("file", "previous"), temp.resolve(".out.1f.former"));
        AtomicFolder.begin(temp.resolve("out"), KIND).close();
        assertThat(temp.resolve("out/file")).hasContent("previous");
        assertThat(previous).doesNotExist();
    }

    @Test
    void beginCompletesInterruptedSwap() throws IOException {
        Path elsewhere = Files.move(written("file", "finished"), temp.resolve("elsewhere"));
        Files.move(written("file", "previous"), temp.resolve(".out.1f.former"));
        Files.move(elsewhere, temp.resolve(".out.1f.finished"));
        AtomicFolder.begin(temp.resolve("out"), KIND).close();
        assertThat(temp.resolve("out/file")).hasContent("finished");
        assertThat(names(temp)).containsExactly("out");
    }

    @Test
    void beginDeletesIncompletePreviousOutput() throws IOException {
        Files.move(written("file", "previous"), temp.resolve(".out.1f.delete"));
        AtomicFolder.begin(temp.resolve("out"), KIND).close();
        assertThat(names(temp)).isEmpty();
    }

    @Test
    void beginRejectsSecondWriter() throws IOException {
        Path target = temp.resolve("real/out");
        try (AtomicFolder folder = AtomicFolder.begin(target, KIND)) {
            Path link = Files.createSymbolicLink(temp.resolve("link"), temp.resolve("real"));
            assertThatThrownBy(() -> AtomicFolder.begin(link.resolve("out"), KIND))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("is being written by another run");
            folder.commit();
        }
        AtomicFolder.begin(target, KIND).close();
        assertThat(names(temp.resolve("real"))).containsExactly("out");
    }

    @Test
    void commitFollowsLink() throws IOException {
        Path real = Files.createDirectories(temp.resolve("disk/out"));
        Path link = Files.createSymbolicLink(temp.resolve("out"), real);
        try (AtomicFolder folder = AtomicFolder.begin(link, KIND)) {
            folder.commit();
        }
        assertThat(link).isSymbolicLink();
        assertThat(names(real)).containsExactly(MARKER);
        assertThat(names(real.getParent())).containsExactly("out");
    }

    @Test
    void beginRejectsDanglingLink() throws IOException {
        Path dangling = Files.createSymbolicLink(temp.resolve("dangling"), temp.resolve("absent"));
        Path loop = Files.createSymbolicLink(temp.resolve("loop"), temp.resolve("loop"));
        for (Path output : List.of(dangling, loop, loop.resolve("deeper"))) {
            assertThatThrownBy(() -> AtomicFolder.begin(output, KIND))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("is a dangling symbolic link");
        }
        assertThat(names(temp)).containsExactly("dangling", "loop");
    }

    @Test
    void beginRejectsPathInsideFile() throws IOException {
        Path file = Files.writeString(temp.resolve("file"), "x");
        assertThatThrownBy(() -> AtomicFolder.begin(file.resolve("out"), KIND))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("cannot write " + file.resolve("out"))
                .hasMessageEndingWith("; choose a folder that can be written");
        assertThatThrownBy(() -> AtomicFolder.begin(file, KIND))
                .isInstanceOf(BadInputException.class)
                .hasMessage(file + " is a file; choose a new folder for the output");
        assertThat(names(temp)).containsExactly("file");
    }

    private Path written(String name, String text) throws IOException {
        Path target = temp.resolve("out");
        try (AtomicFolder folder = AtomicFolder.begin(target, KIND)) {
            Files.writeString(folder.path().resolve(name), text);
            folder.commit();
        }
        return target;
    }

    private static void assertRejected(Path target, String named) {
        assertThatThrownBy(() -> AtomicFolder.begin(target, KIND))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(named);
    }

    @FunctionalInterface
    private interface Change {
        void run() throws IOException;
    }

    /** Commits over a previous output that changes after {@code begin}; returns the path of the finished output. */
    private Path commitAfter(Change change, String named) throws IOException {
        try (AtomicFolder folder = AtomicFolder.begin(temp.resolve("out"), KIND)) {
            Files.writeString(folder.path().resolve("fresh"), "new");
            change.run();
            Path finished = temp.resolve(folder.path().getFileName().toString().replace(".part", ".finished"));
            assertThatThrownBy(folder::commit)
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("the finished output stays in " + finished)
                    .hasMessageContaining(named);
            return finished;
        }
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> content = Files.list(folder)) {
            return content.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }
}
