package org.llava4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputFolderTest {
    private static final String REPORT = "report.html";
    private static final List<String> NAMES = List.of(REPORT, "result.json");

    @TempDir
    Path temp;

    private Path target;

    @BeforeEach
    void setTarget() {
        target = temp.resolve("deep/out");
    }

    @Test
    void writeReplacesOwnFilesOnly() throws IOException {
        write("first");
        Files.writeString(target.resolve("my-notes.txt"), "mine");
        write("second");
        assertThat(target.resolve(REPORT)).hasContent("second");
        assertThat(names(target)).containsExactly(AtomicFolder.MARKER, "my-notes.txt", REPORT);
        assertThat(names(target.getParent())).containsExactly("out");
    }

    @Test
    void openRejectsFileOfUser() throws IOException {
        Files.createDirectories(target);
        Files.writeString(target.resolve(REPORT), "the user's");
        assertRejected();
        assertThat(target.resolve(REPORT)).hasContent("the user's");
        assertThat(names(target.getParent())).containsExactly("out");
    }

    @Test
    void openRejectsChangedOwnFile() throws IOException {
        write("first");
        Files.writeString(target.resolve(REPORT), "edited");
        assertRejected();
    }

    @Test
    void writeRejectsFileAddedMeanwhile() throws IOException {
        try (OutputFolder folder = open()) {
            Files.writeString(target.resolve(REPORT), "the user's");
            assertThatThrownBy(() -> folder.write(part -> AtomicFile.writeString(part.resolve(REPORT), "ours")))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining(REPORT);
        }
        assertThat(target.resolve(REPORT)).hasContent("the user's");
        assertThat(names(target.getParent())).containsExactly("out");
    }

    @Test
    void openRejectsFolderOfAnotherKind() throws IOException {
        try (AtomicFolder folder = AtomicFolder.begin(target, "model")) {
            folder.commit();
        }
        assertThatThrownBy(this::open).hasMessageContaining("contains the output of another command (\"model\")");
    }

    /** A process may be killed after listing the files and before or after writing them. */
    @Test
    void writeRecoversInterruptedWrite() throws IOException {
        write("first");
        Path marker = target.resolve(AtomicFolder.MARKER);
        String listed = Files.readString(marker);
        write("second");
        String hash = Sha256.of(target.resolve(REPORT));
        Files.writeString(
                marker,
                listed.replaceFirst(
                        "\\{", "{\"writing\": {\"" + REPORT + "\": {\"bytes\": 6, \"sha256\": \"" + hash + "\"}},"));
        write("third");
        assertThat(target.resolve(REPORT)).hasContent("third");
        assertThat(Files.readString(marker)).doesNotContain("writing");
    }

    @Test
    void openRemovesWhatKilledRunsLeft() throws IOException {
        write("first");
        Path staged = Files.createDirectory(target.resolve(".staged.1f.part"));
        Files.writeString(staged.resolve(REPORT), "half");
        Files.writeString(target.resolve(".llava4j.json.2e.part"), "{");
        Files.writeString(target.resolve(".mine.part"), "mine");
        write("second");
        assertThat(names(target)).containsExactlyInAnyOrder(AtomicFolder.MARKER, REPORT, ".mine.part");
    }

    @Test
    void openRejectsSecondWriter() {
        try (OutputFolder folder = open()) {
            assertThat(folder.path()).isDirectory();
            assertThatThrownBy(this::open).hasMessageContaining("is being written by another run");
        }
        open().close();
    }

    @Test
    void openRejectsInputFolder() throws IOException {
        Files.createDirectories(target);
        assertThatThrownBy(() -> OutputFolder.open(target, "kind", InputPaths.of(target), NAMES))
                .hasMessageContaining("is also an input");
    }

    private OutputFolder open() {
        return OutputFolder.open(target, "kind", InputPaths.of(), NAMES);
    }

    private void write(String text) {
        try (OutputFolder folder = open()) {
            folder.write(part -> AtomicFile.writeString(part.resolve(REPORT), text));
        }
    }

    private void assertRejected() {
        assertThatThrownBy(this::open).isInstanceOf(BadInputException.class).hasMessageContaining(REPORT);
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> content = Files.list(folder)) {
            return content.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }
}
