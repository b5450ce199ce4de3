package org.llava4j.data.tensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Golden;

class TensorFolderTest {
    private static final Path SAFETENSORS = Golden.path("f_e2e/stage1_final.safetensors");
    private static final Path TORCH = Golden.path("f_e2e/stage1_out/mm_projector.bin");

    @TempDir
    Path folder;

    @Test
    void a_folder_opens_in_the_format_it_has() throws IOException {
        assertOpens(Golden.path("c_llava_linear"), SafetensorsFolder.class);
        assertOpens(Golden.path("i_llava_bin"), TorchFolder.class);
        Files.copy(TORCH, folder.resolve("pytorch_model.bin"));
        assertOpens(folder, TorchFolder.class);
        Files.copy(SAFETENSORS, folder.resolve("model.safetensors"));
        assertOpens(folder, SafetensorsFolder.class);
    }

    @Test
    void shards_of_safetensors_come_before_a_pytorch_file_even_if_they_are_broken() throws IOException {
        Files.copy(TORCH, folder.resolve("pytorch_model.bin"));
        Files.writeString(folder.resolve("model.safetensors.index.json"), "{\"weight_map\":{\"a\":\"b.safetensors\"}}");
        assertRefused(folder, "b.safetensors");
    }

    @Test
    void a_file_is_known_by_its_first_bytes() throws IOException {
        assertOpens(SAFETENSORS, SafetensorsFile.class);
        assertOpens(TORCH, TorchFile.class);
        assertOpens(Files.copy(TORCH, folder.resolve("misnamed.safetensors")), TorchFile.class);
        assertOpens(Files.copy(SAFETENSORS, folder.resolve("misnamed.bin")), SafetensorsFile.class);
    }

    @Test
    void what_is_neither_is_refused() throws IOException {
        assertRefused(Files.writeString(folder.resolve("page.bin"), "<html>404</html>"), "neither");
        assertRefused(Files.writeString(folder.resolve("nothing.bin"), ""), "neither");
        assertRefused(Files.write(folder.resolve("old.bin"), new byte[] {(byte) 0x80, 2}), "cut off");
    }

    @Test
    void a_folder_without_weights_says_what_it_needs() throws IOException {
        Files.copy(TORCH, folder.resolve("mm_projector.bin"));
        assertRefused(folder, "model.safetensors or pytorch_model.bin");
        assertRefused(folder.resolve("none"), "no weights in");
    }

    private static void assertOpens(Path path, Class<? extends TensorStore> as) {
        try (TensorStore store = TensorFolder.open(path)) {
            assertThat(store).isInstanceOf(as);
            assertThat(store.tensors()).isNotEmpty();
        }
    }

    private static void assertRefused(Path path, String reason) {
        assertThatThrownBy(() -> TensorFolder.open(path))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(path.toString())
                .hasMessageContaining(reason);
    }
}
