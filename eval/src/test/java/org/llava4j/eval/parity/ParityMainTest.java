package org.llava4j.eval.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The goal {@code parity}, as a person calls it. */
class ParityMainTest {
    private static final Path GOLDEN = Path.of(System.getProperty("llava4j.root"), "resources/golden");

    @TempDir
    private Path temp;

    private static void parity(String model, String expect, String... more) {
        List<String> args = new ArrayList<>(List.of(
                "--model-path", GOLDEN.resolve(model).toString(),
                "--inputs", GOLDEN.resolve(model).resolve("io.safetensors").toString(),
                "--expect", expect));
        args.addAll(List.of(more));
        ParityMain.main(args.toArray(new String[0]));
    }

    private static String golden(String file) {
        return GOLDEN.resolve(file).toString();
    }

    @ParameterizedTest
    @CsvSource({
        "a_clip28, io, stage0",
        "a_clip56, io, stage0",
        "b_llama, io, stage0",
        "b_llama_gqa, grads, stage2",
        "c_llava_linear, io, stage0",
        "c_llava_linear, grads_stage1, stage1",
        "c_llava_mlp2x_gelu, grads_stage2, stage2",
        "j_transformers5/clip, io, stage0",
        "j_transformers5/llama, io, stage0",
        "j_transformers5/llava, io, stage0"
    })
    void parityMatchesGoldenTensors(String model, String expected, String stage) {
        String[] gradients = stage.equals("stage0") ? new String[0] : new String[] {"--gradients", stage};
        assertThatCode(() -> parity(model, golden(model + "/" + expected + ".safetensors"), gradients))
                .doesNotThrowAnyException();
    }

    @Test
    void parityMatchesGoldenTensorsOfGgufFiles() {
        String decoder = golden("k_gguf/model.gguf");
        String text = golden("k_gguf/io_text.safetensors");
        String images = golden("k_gguf/io.safetensors");
        assertThatCode(() ->
                        ParityMain.main(new String[] {"--model-path", decoder, "--inputs", text, "--expect", text}))
                .doesNotThrowAnyException();
        assertThatCode(() -> ParityMain.main(new String[] {
                    "--model-path", decoder,
                    "--mmproj", golden("k_gguf/mmproj.gguf"),
                    "--inputs", images,
                    "--expect", images
                }))
                .doesNotThrowAnyException();
    }

    @Test
    void parityAcceptsOwnOutputAndRejectsChangedTensor() {
        Path output = temp.resolve("out.safetensors");
        parity("b_llama", golden("b_llama/io.safetensors"), "--output", output.toString());
        assertThatCode(() -> parity("b_llama", output.toString(), "--tolerance", "0"))
                .doesNotThrowAnyException();
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(output)) {
            file.tensors().keySet().forEach(name -> tensors.put(name, file.read(name)));
        }
        tensors.get("logits").muli(1.001);
        Path changed = temp.resolve("off.safetensors");
        SafetensorsWriter.write(changed, tensors);
        assertThatThrownBy(() -> parity("b_llama", changed.toString()))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("1 of " + tensors.size() + " tensors differ by more than");
    }

    @ParameterizedTest
    @CsvSource({"--gradients, stage3, stage1 or stage2", "--tolerance, small, must be a number", "--outptu, x, outptu"})
    void parityRejectsInvalidFlags(String flag, String value, String message) {
        assertThatThrownBy(() -> parity("b_llama", golden("b_llama/io.safetensors"), flag, value))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void parityRejectsTruncatedModelAndUnrelatedTensors() throws IOException {
        Path model = Files.createDirectories(temp.resolve("model"));
        Files.copy(GOLDEN.resolve("b_llama/config.json"), model.resolve("config.json"));
        byte[] whole = Files.readAllBytes(GOLDEN.resolve("b_llama/model.safetensors"));
        Files.write(model.resolve("model.safetensors"), Arrays.copyOf(whole, whole.length / 2));
        Path output = temp.resolve("nothing.safetensors");
        String[] args = {
            "--model-path", model.toString(),
            "--inputs", golden("b_llama/io.safetensors"),
            "--output", output.toString()
        };
        assertThatThrownBy(() -> ParityMain.main(args))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("model.safetensors");
        assertThat(output).doesNotExist();
        assertThatThrownBy(() -> parity("b_llama", golden("b_llama/model.safetensors")))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("has no tensor that this model produces");
    }
}
