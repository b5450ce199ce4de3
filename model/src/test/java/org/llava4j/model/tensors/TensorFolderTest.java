package org.llava4j.model.tensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.Golden;

class TensorFolderTest {
    private static final Path SAFETENSORS = Golden.path("f_e2e/stage1_final.safetensors");
    private static final Path TORCH = Golden.path("f_e2e/stage1_out/mm_projector.bin");

    @TempDir
    Path folder;

    @Test
    void openDetectsFormatOfFolder() throws IOException {
        assertOpens(Golden.path("c_llava_linear"), SafetensorsFolder.class);
        assertOpens(Golden.path("i_llava_bin"), TorchFolder.class);
        Files.copy(TORCH, folder.resolve("pytorch_model.bin"));
        assertOpens(folder, TorchFolder.class);
        Files.copy(SAFETENSORS, folder.resolve("model.safetensors"));
        assertOpens(folder, SafetensorsFolder.class);
    }

    @Test
    void openPrefersSafetensors() throws IOException {
        Files.copy(TORCH, folder.resolve("pytorch_model.bin"));
        Files.writeString(folder.resolve("model.safetensors.index.json"), "{\"weight_map\":{\"a\":\"b.safetensors\"}}");
        assertRejected(folder, "b.safetensors");
    }

    @Test
    void openDetectsFormatOfFile() throws IOException {
        assertOpens(SAFETENSORS, SafetensorsFile.class);
        assertOpens(TORCH, TorchFile.class);
        assertOpens(Files.copy(TORCH, folder.resolve("misnamed.safetensors")), TorchFile.class);
        assertOpens(Files.copy(SAFETENSORS, folder.resolve("misnamed.bin")), SafetensorsFile.class);
    }

    @Test
    void openRejectsOtherFormats() throws IOException {
        assertRejected(Files.writeString(folder.resolve("page.bin"), "<html>404</html>"), "neither");
        assertRejected(Files.writeString(folder.resolve("nothing.bin"), ""), "neither");
        assertRejected(Files.write(folder.resolve("old.bin"), new byte[] {(byte) 0x80, 2}), "truncated");
    }

    @Test
    void openRejectsFolderWithoutWeights() throws IOException {
        Files.copy(TORCH, folder.resolve("mm_projector.bin"));
        assertRejected(folder, "model.safetensors or pytorch_model.bin");
        assertRejected(folder.resolve("none"), "no weights in");
    }

    private static void assertOpens(Path path, Class<? extends TensorStore> as) {
        try (TensorStore store = TensorFolder.open(path)) {
            assertThat(store).isInstanceOf(as);
            assertThat(store.tensors()).isNotEmpty();
        }
    }

    private static void assertRejected(Path path, String reason) {
        assertThatThrownBy(() -> TensorFolder.open(path))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(path.toString())
                .hasMessageContaining(reason);
    }
}
