package org.llava4j.model.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.tensors.TensorFolder;
import org.llava4j.model.tensors.TensorStore;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Command lines, valid and invalid: an invalid one prints one line and writes nothing. */
class FolderCommandsTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));
    private static final Path MLP = Golden.path("c_llava_mlp2x_gelu");

    @TempDir
    private Path temp;

    @TempDir
    private Path out;

    @Test
    void assembleExportAndDeltaCommandsRoundTrip() {
        Path llama = ModelFolders.llama(temp.resolve("llama"));
        Path assembled = out.resolve("llava");
        AssembleMain.main(args(
                "--model-path",
                llama,
                "--vision-tower",
                Golden.path("a_clip56"),
                "--mm-projector-type",
                "mlp2x_gelu",
                "--output-dir",
                assembled));
        ExportMain.main(args(
                "--model-path",
                assembled,
                "--layout",
                "llava-hf",
                "--save-type",
                "bfloat16",
                "--max-shard-size",
                "0.2MB",
                "--output-dir",
                out.resolve("hf")));
        assertThat(LlavaConfig.read(out.resolve("hf"), null).projector())
                .isEqualTo(LlavaConfig.ProjectorType.MLP2X_GELU);
        ExportMain.main(args("--model-path", assembled, "--only-projector", "--output-dir", out.resolve("projector")));
        assertThat(out.resolve("projector/mm_projector.safetensors")).exists();
        MakeDeltaMain.main(args(
                "--base-model-path", llama, "--target-model-path", assembled, "--delta-path", out.resolve("delta")));
        ApplyDeltaMain.main(args(
                "--base-model-path",
                llama,
                "--delta-path",
                out.resolve("delta"),
                "--target-model-path",
                out.resolve("again")));
        assertThat(read(out.resolve("again"))).isEqualTo(read(assembled));
        assertThat(read(out.resolve("again/vision_tower"))).isEqualTo(read(assembled.resolve("vision_tower")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--layout other | --layout other is not known; use llava, llava-hf or gguf",
                "--save-type int8 | unknown dtype int8; use float32, float16 or bfloat16",
                "--save-type q8_0 | --save-type q8_0 is a type of GGUF files; give --layout gguf",
                "--layout llava-hf --save-type f16 | --save-type f16 is a type of GGUF files; give --layout gguf",
                "--layout gguf --save-type q4 | --save-type q4 is not a type of GGUF files; use f16, q8_0 or q4_0",
                "--layout gguf --save-type float16 | use f16, q8_0 or q4_0",
                "--layout gguf --max-shard-size 1GB | --max-shard-size has no effect together with --layout gguf",
                "--layout gguf --conv-mode v1 | --conv-mode has no effect together with --layout gguf",
                "--layout gguf --only-projector | --only-projector has no effect together with --layout gguf",
                "--layout gguf | has no tokenizer.model or tokenizer.json",
                "--max-shard-size 5 | --max-shard-size 5 is not a size; give one such as 500MB or 5GB",
                "--max-shard-size 0GB | --max-shard-size 0GB is not a size",
                "--max-shard-size 99999999999999GB | is not a size",
                "--conv-mode none | none",
                "--pretrain-mm-mlp-adapter /nowhere/p.bin | /nowhere/p.bin",
                "--vision-tower /nowhere | /nowhere",
                "--only-projector --layout llava-hf | --layout has no effect together with --only-projector",
                "--only-projector --save-type float16 | --save-type has no effect together with --only-projector",
                "--only-projector --max-shard-size 5MB | --max-shard-size has no effect",
                "--only-projector --conv-mode v1 | --conv-mode has no effect",
                "--unknown | --unknown"
            })
    void exportRejectsInvalidFlags(String flags, String message) {
        List<Object> all = new ArrayList<>(List.of("--model-path", MLP, "--output-dir", out.resolve("x")));
        all.addAll(List.of(flags.split(" ")));
        assertFails(ExportMain::main, message, all.toArray());
    }

    @Test
    void otherCommandsRejectInvalidArguments() {
        Path llama = ModelFolders.llama(temp.resolve("llama"));
        Path x = out.resolve("x");
        assertFails(
                AssembleMain::main,
                "is already a LLaVA",
                "--model-path",
                MLP,
                "--vision-tower",
                Golden.path("a_clip56"),
                "--output-dir",
                x);
        assertFails(
                AssembleMain::main,
                "--mm-use-im-patch-token has no effect",
                "--model-path",
                llama,
                "--vision-tower",
                Golden.path("a_clip56"),
                "--output-dir",
                x,
                "--mm-use-im-patch-token");
        assertFails(
                AssembleMain::main,
                "mm_projector_type \"mlp3x\" is unknown; use one of linear, mlp2x_gelu",
                "--model-path",
                llama,
                "--vision-tower",
                Golden.path("a_clip56"),
                "--output-dir",
                x,
                "--mm-projector-type",
                "mlp3x");
        assertFails(
                AssembleMain::main,
                "mm_vision_select_layer 9",
                "--model-path",
                llama,
                "--vision-tower",
                Golden.path("a_clip56"),
                "--output-dir",
                x,
                "--mm-vision-select-layer",
                "9");
        assertFails(
                MakeDeltaMain::main,
                "do not match",
                "--base-model-path",
                Golden.path("b_llama_gqa"),
                "--target-model-path",
                MLP,
                "--delta-path",
                x);
        assertFails(
                ApplyDeltaMain::main,
                "is also an input",
                "--base-model-path",
                llama,
                "--delta-path",
                MLP,
                "--target-model-path",
                llama);
    }

    @Test
    void exportQuantizesAndDequantizes() {
        Path quantized = out.resolve("q4");
        ExportMain.main(args("--model-path", MLP, "--save-type", "q4", "--output-dir", quantized));
        String projection = "model.layers.0.self_attn.q_proj.weight";
        assertThat(read(quantized).get(projection).dataType()).isEqualTo(DataType.UBYTE);
        assertThat(read(quantized).get("lm_head.weight").dataType()).isEqualTo(DataType.BYTE);
        ExportMain.main(args("--model-path", quantized, "--layout", "llava-hf", "--output-dir", out.resolve("hf")));
        assertThat(read(out.resolve("hf")).get("language_model." + projection).dataType())
                .isEqualTo(DataType.UBYTE);
        Path floats = out.resolve("floats");
        ExportMain.main(args("--model-path", quantized, "--save-type", "float16", "--output-dir", floats));
        assertThat(read(floats).get("lm_head.weight").shape())
                .isEqualTo(read(MLP).get("lm_head.weight").shape());
    }

    @Test
    void deltaOfQuantizedModelIsDequantized() {
        Path quantized = out.resolve("q8");
        ExportMain.main(args("--model-path", MLP, "--save-type", "q8", "--output-dir", quantized));
        Path delta = out.resolve("delta");
        Path whole = out.resolve("whole");
        Path floats = out.resolve("floats");
        ExportMain.main(args("--model-path", quantized, "--save-type", "float32", "--output-dir", floats));
        MakeDeltaMain.main(args(
                "--base-model-path",
                Golden.path("b_llama"),
                "--target-model-path",
                quantized,
                "--delta-path",
                delta,
                "--save-type",
                "float32"));
        ApplyDeltaMain.main(args(
                "--base-model-path",
                Golden.path("b_llama"),
                "--delta-path",
                delta,
                "--target-model-path",
                whole,
                "--save-type",
                "float32"));
        INDArray expected = read(floats).get("lm_head.weight");
        assertThat(Golden.relativeError(read(whole).get("lm_head.weight"), expected))
                .isLessThan(1e-6);
    }

    @Test
    void onlyExportQuantizes() {
        assertFails(
                MakeDeltaMain::main,
                "--save-type q8 is only supported by export",
                "--base-model-path",
                Golden.path("b_llama"),
                "--target-model-path",
                MLP,
                "--delta-path",
                out.resolve("x"),
                "--save-type",
                "q8");
    }

    /** A path below a file cannot be created by any user. */
    @Test
    void unwritableOutputFailsAndLeavesNothing() throws IOException {
        Path file = Files.writeString(temp.resolve("file"), "x");
        assertFails(
                ExportMain::main,
                "cannot write " + file.resolve("x"),
                "--model-path",
                MLP,
                "--output-dir",
                file.resolve("x"));
    }

    /**
     * A full disk, simulated by a file size limit that makes writing the weights fail. The limit applies to a process,
     * so the command runs in its own JVM.
     */
    @ParameterizedTest
    @CsvSource({
        "resources/golden/c_llava_mlp2x_gelu, llava, model.safetensors",
        "resources/tiny/llava, gguf, model-f16.gguf"
    })
    void fullDiskFailsAndLeavesNothing(String model, String layout, String file)
            throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String command = "ulimit -f 400; trap '' XFSZ; exec " + java + " -Xshare:off -cp '"
                + System.getProperty("java.class.path") + "' --add-modules jdk.incubator.vector "
                + "-XX:-UsePerfData -Dorg.bytedeco.javacpp.cachedir.nosubdir=false "
                + ExportMain.class.getName() + " --model-path " + ROOT.resolve(model) + " --layout " + layout
                + " --output-dir " + out.resolve("x");
        Process process = new ProcessBuilder("bash", "-c", command)
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(output).isNotZero();
        assertThat(output).contains("export: cannot write ").contains(file);
        assertThat(out).isEmptyDirectory();
    }

    private void assertFails(Consumer<String[]> main, String message, Object... args) {
        assertThatThrownBy(() -> main.accept(args(args)))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining(message)
                .message()
                .doesNotContain("\n");
        assertThat(out).isEmptyDirectory();
    }

    private static String[] args(Object... args) {
        return Arrays.stream(args).map(Object::toString).toArray(String[]::new);
    }

    private static Map<String, INDArray> read(Path folder) {
        Map<String, INDArray> tensors = new TreeMap<>();
        try (TensorStore store = TensorFolder.open(folder)) {
            store.tensors().keySet().forEach(name -> tensors.put(name, store.read(name)));
        }
        return tensors;
    }
}
