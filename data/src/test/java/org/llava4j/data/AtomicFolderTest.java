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
    private static final String MARKER = "marker.json";

    @TempDir
    Path temp;

    @Test
    void nothingIsAtTheFinalNameUntilTheCommit() throws IOException {
        Path target = temp.resolve("made/on/the/way");
        try (AtomicFolder folder = AtomicFolder.begin(target, MARKER)) {
            Files.writeString(folder.path().resolve(MARKER), "{}");
            assertThat(target).doesNotExist();
            folder.commit();
        }
        assertThat(names(target)).containsExactly(MARKER);
        assertThat(names(target.getParent())).containsExactly("way");
    }

    @Test
    void withoutACommitNothingIsLeft() throws IOException {
        try (AtomicFolder folder = AtomicFolder.begin(temp.resolve("out"), MARKER)) {
            Files.createDirectories(folder.path().resolve("deep/er"));
            Files.writeString(folder.path().resolve("deep/er/file"), "x");
        }
        assertThat(names(temp)).isEmpty();
    }

    @Test
    void aFormerOutputIsReplacedWhole() throws IOException {
        Path target = Files.createDirectories(temp.resolve("out"));
        Files.writeString(target.resolve(MARKER), "former");
        Files.writeString(target.resolve("stale"), "former");
        try (AtomicFolder folder = AtomicFolder.begin(target, MARKER)) {
            Files.writeString(folder.path().resolve(MARKER), "new");
            folder.commit();
        }
        assertThat(names(target)).containsExactly(MARKER);
        assertThat(target.resolve(MARKER)).hasContent("new");
        assertThat(names(temp)).containsExactly("out");
    }

    @Test
    void aFormerOutputStaysWhereTheNewOneFails() throws IOException {
        Path target = Files.createDirectories(temp.resolve("out"));
        Files.writeString(target.resolve(MARKER), "former");
        try (AtomicFolder folder = AtomicFolder.begin(target, MARKER)) {
            Files.writeString(folder.path().resolve("half"), "written");
        }
        assertThat(names(target)).containsExactly(MARKER);
        assertThat(names(temp)).containsExactly("out");
    }

    @Test
    void anEmptyFolderIsTaken() throws IOException {
        Path target = Files.createDirectories(temp.resolve("out"));
        try (AtomicFolder folder = AtomicFolder.begin(target, MARKER)) {
            Files.writeString(folder.path().resolve(MARKER), "{}");
            folder.commit();
        }
        assertThat(names(target)).containsExactly(MARKER);
        assertThat(names(temp)).containsExactly("out");
    }

    @Test
    void aFolderOfSomeoneElseIsRefusedBeforeAnyWork() throws IOException {
        Path target = Files.createDirectories(temp.resolve("photos"));
        Files.writeString(target.resolve("wedding.jpg"), "precious");
        assertThatThrownBy(() -> AtomicFolder.begin(target, MARKER))
                .isInstanceOf(BadInputException.class)
                .hasMessage(target + " holds files that no former run wrote (there is no marker.json); choose a new or"
                        + " empty folder for the output");
        assertThat(names(temp)).containsExactly("photos");
    }

    @Test
    void aPlaceBelowAFileCannotBeWritten() throws IOException {
        Path file = Files.writeString(temp.resolve("file"), "x");
        assertThatThrownBy(() -> AtomicFolder.begin(file.resolve("out"), MARKER))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("cannot write " + file.resolve("out"))
                .hasMessageEndingWith("; choose a folder that can be written");
        assertThatThrownBy(() -> AtomicFolder.begin(file, MARKER))
                .isInstanceOf(BadInputException.class)
                .hasMessage(file + " is a file; choose a new folder for the output");
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> content = Files.list(folder)) {
            return content.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }
}
