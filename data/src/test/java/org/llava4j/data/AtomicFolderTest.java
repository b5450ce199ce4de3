package org.llava4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
    void nothingIsAtTheFinalNameUntilTheCommit() throws IOException {
        Path target = temp.resolve("made/on/the/way");
        try (AtomicFolder folder = AtomicFolder.begin(target, KIND)) {
            assertThat(target).doesNotExist();
            folder.commit();
        }
        assertThat(names(target)).containsExactly(MARKER);
        assertThat(names(target.getParent())).containsExactly("way");
    }

    @Test
    void whatAKilledProcessLeftIsBroughtBackOrSwept() throws IOException {
        Path target = temp.resolve("out");
        Path former = Files.createDirectory(temp.resolve(".out.1f.old"));
        Files.writeString(former.resolve(MARKER), MARK);
        Files.createDirectory(temp.resolve(".out.2e.part"));
        Files.createDirectory(temp.resolve(".other.2e.part"));
        try (AtomicFolder folder = AtomicFolder.begin(target, KIND)) {
            assertThat(target.resolve(MARKER)).as("killed between two renames").exists();
            folder.sweep();
            assertThat(folder.path()).isDirectory();
        }
        assertThat(names(temp)).containsExactly(".other.2e.part", "out");
    }

    @Test
    void withoutACommitNothingIsLeft() throws IOException {
        try (AtomicFolder folder = AtomicFolder.begin(temp.resolve("out"), KIND)) {
            Files.createDirectories(folder.path().resolve("deep/er"));
            Files.writeString(folder.path().resolve("deep/er/file"), "x");
        }
        assertThat(names(temp)).isEmpty();
    }

    @Test
    void aFormerOutputIsReplacedWhole() throws IOException {
        Path target = Files.createDirectories(temp.resolve("out"));
        Files.writeString(target.resolve(MARKER), MARK);
        Files.writeString(target.resolve("stale"), "former");
        try (AtomicFolder folder = AtomicFolder.begin(target, KIND)) {
            Files.writeString(folder.path().resolve("fresh"), "new");
            folder.commit();
        }
        assertThat(names(target)).containsExactly("fresh", MARKER);
        assertThat(names(temp)).containsExactly("out");
    }

    @Test
    void aFormerOutputStaysWhereTheNewOneFails() throws IOException {
        Path target = Files.createDirectories(temp.resolve("out"));
        Files.writeString(target.resolve(MARKER), MARK);
        try (AtomicFolder folder = AtomicFolder.begin(target, KIND)) {
            Files.writeString(folder.path().resolve("half"), "written");
        }
        assertThat(names(target)).containsExactly(MARKER);
        assertThat(names(temp)).containsExactly("out");
    }

    @Test
    void anEmptyFolderIsTaken() throws IOException {
        Path target = Files.createDirectories(temp.resolve("out"));
        try (AtomicFolder folder = AtomicFolder.begin(target, KIND)) {
            folder.commit();
        }
        assertThat(names(target)).containsExactly(MARKER);
        assertThat(names(temp)).containsExactly("out");
    }

    @Test
    void aFolderOfSomeoneElseIsRefusedBeforeAnyWork() throws IOException {
        Path target = Files.createDirectories(temp.resolve("photos"));
        Files.writeString(target.resolve("wedding.jpg"), "precious");
        assertThatThrownBy(() -> AtomicFolder.begin(target, KIND))
                .isInstanceOf(BadInputException.class)
                .hasMessage(target + " holds files that no former run wrote (there is no llava4j.json); choose a new or"
                        + " empty folder for the output");
        assertThat(names(temp)).containsExactly("photos");
    }

    /** Names that other programs use as well mark nothing: a model, a data set or a report is not ours to delete. */
    @Test
    void theOutputOfAnotherCommandIsRefused() throws IOException {
        Path target = Files.createDirectories(temp.resolve("model"));
        Files.writeString(target.resolve(MARKER), MARK);
        assertThatThrownBy(() -> AtomicFolder.begin(target, "other"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("holds the output of another command (\"thing\")");
        assertThat(names(target)).containsExactly(MARKER);
    }

    @Test
    void whatCameToTheFinalNameMeanwhileIsKeptAndSoIsTheFinishedOutput() throws IOException {
        Path target = Files.createDirectories(temp.resolve("out"));
        Path finished;
        try (AtomicFolder folder = AtomicFolder.begin(target, KIND)) {
            finished = folder.path();
            Files.writeString(target.resolve("wedding.jpg"), "precious");
            assertThatThrownBy(folder::commit)
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("stays in " + finished)
                    .hasMessageContaining("holds files that no former run wrote");
        }
        assertThat(names(target)).containsExactly("wedding.jpg");
        assertThat(finished.resolve(MARKER)).exists();
    }

    @Test
    void aPlaceBelowAFileCannotBeWritten() throws IOException {
        Path file = Files.writeString(temp.resolve("file"), "x");
        assertThatThrownBy(() -> AtomicFolder.begin(file.resolve("out"), KIND))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("cannot write " + file.resolve("out"))
                .hasMessageEndingWith("; choose a folder that can be written");
        assertThatThrownBy(() -> AtomicFolder.begin(file, KIND))
                .isInstanceOf(BadInputException.class)
                .hasMessage(file + " is a file; choose a new folder for the output");
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> content = Files.list(folder)) {
            return content.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }
}
