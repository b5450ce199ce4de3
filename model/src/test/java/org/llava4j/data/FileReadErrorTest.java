package org.llava4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.image.ImageBytes;
import org.llava4j.data.tokenizer.SentencePieceReader;
import org.llava4j.model.tensors.TensorFolder;

class FileReadErrorTest {
    private static final String OTHERWISE = "download it again";

    @TempDir
    Path temp;

    @Test
    void errorNamesMissingPermission() {
        for (IOException e : List.of(
                new AccessDeniedException("x"),
                new FileSystemException("x", null, "Permission denied"),
                new FileNotFoundException("x (Permission denied)"))) {
            assertThat(FileReadError.of("x", e, OTHERWISE))
                    .hasMessageContaining("x cannot be read (permission denied)")
                    .hasMessageContaining("grant this user read permission")
                    .hasMessageNotContaining(OTHERWISE);
        }
    }

    @Test
    void errorKeepsAdviceOfOtherFailures() {
        assertThat(FileReadError.of("x", new NoSuchFileException("x"), OTHERWISE))
                .hasMessage("x cannot be read (no such file or folder); check the path");
        assertThat(FileReadError.of("x", new IOException("bad entry"), OTHERWISE))
                .hasMessage("x cannot be read (bad entry); download it again");
        assertThat(FileReadError.of("x", new FileSystemException("x", null, "No space left on device"), OTHERWISE))
                .hasMessageContaining("the disk is full");
    }

    /** A loop of links represents inaccessible paths, because a superuser has all permissions. */
    @Test
    void readersReportInaccessiblePath() throws IOException {
        Path loop = Files.createSymbolicLink(temp.resolve("loop"), temp.resolve("loop"));
        for (Path path : List.of(loop, loop.resolve("inside"))) {
            assertThatThrownBy(() -> ImageBytes.read(path)).hasMessageContaining("form a loop");
            assertThatThrownBy(() -> TensorFolder.open(path)).hasMessageContaining("form a loop");
            assertThatThrownBy(() -> SentencePieceReader.read(path)).hasMessageContaining("form a loop");
            assertThatThrownBy(() -> FileReadError.requireAccessible(path)).hasMessageContaining("form a loop");
        }
    }

    @Test
    void requireAccessibleAcceptsMissingPath() throws IOException {
        Path file = Files.writeString(temp.resolve("file"), "x");
        assertThatCode(() -> FileReadError.requireAccessible(temp.resolve("absent/deeper")))
                .doesNotThrowAnyException();
        assertThatCode(() -> FileReadError.requireAccessible(file.resolve("below")))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> ImageBytes.read(temp.resolve("absent"))).hasMessageContaining("there is no image");
    }
}
