package org.llava4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InputSnapshotTest {
    @TempDir
    private Path temp;

    private Path a;
    private Path b;

    @BeforeEach
    void twoFiles() throws IOException {
        a = Files.writeString(temp.resolve("a"), "one");
        b = Files.writeString(temp.resolve("b"), "two");
    }

    @Test
    void byContentDetectsChangeOfSameSizeAndTime() throws IOException {
        InputSnapshot files = InputSnapshot.byContent(List.of(a, b, a));
        FileTime time = Files.getLastModifiedTime(b);
        Files.writeString(b, "TWO");
        Files.setLastModifiedTime(b, time);
        assertChanged(files, b);
        Files.writeString(b, "two");
        assertThatCode(files::requireUnchanged).doesNotThrowAnyException();
        assertThat(files.sha256(a)).isEqualTo(Sha256.of(a));
        Files.delete(a);
        assertChanged(files, a);
    }

    @Test
    void byMetadataDetectsReplacedOrResizedFile() throws IOException {
        InputSnapshot files = InputSnapshot.byMetadata(List.of(a, b));
        assertThatCode(files::requireUnchanged).doesNotThrowAnyException();
        Path other = Files.writeString(temp.resolve("other"), "ONE");
        Files.setLastModifiedTime(other, Files.getLastModifiedTime(a));
        Files.move(other, a, StandardCopyOption.REPLACE_EXISTING);
        Files.writeString(b, "longer");
        assertThatThrownBy(files::requireUnchanged)
                .isInstanceOf(BadInputException.class)
                .hasMessage(a + ", " + b + " have changed since the command started; nothing was written");
    }

    @Test
    void ofFoldersDetectsChangedAddedAndRemovedFiles() throws IOException {
        Path link = Files.createSymbolicLink(temp.resolveSibling(temp.getFileName() + "-link"), temp);
        Path inner =
                Files.writeString(Files.createDirectory(temp.resolve("inner")).resolve("c"), "three");
        InputSnapshot files = InputSnapshot.ofFolders(List.of(link, a));
        assertThatCode(files::requireUnchanged).doesNotThrowAnyException();
        Path added = Files.writeString(inner.resolveSibling("d"), "four");
        assertThatThrownBy(files::requireUnchanged)
                .isInstanceOf(BadInputException.class)
                .hasMessage(link.resolve("inner/d") + " was added since the command started; nothing was written");
        Files.delete(added);
        Files.delete(inner);
        assertChanged(files, link.resolve("inner/c"));
        Files.delete(link);
    }

    @Test
    void snapshotRejectsUnreadableFile() {
        Path none = temp.resolve("none");
        assertThatThrownBy(() -> InputSnapshot.byContent(List.of(none))).hasMessageStartingWith("cannot read " + none);
        assertThatThrownBy(() -> InputSnapshot.byMetadata(List.of(none))).hasMessageStartingWith("cannot read " + none);
    }

    private static void assertChanged(InputSnapshot files, Path file) {
        assertThatThrownBy(files::requireUnchanged)
                .isInstanceOf(BadInputException.class)
                .hasMessage(file + " has changed since the command started; nothing was written");
    }
}
