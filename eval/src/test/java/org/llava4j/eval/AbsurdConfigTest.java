package org.llava4j.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.eval.chat.ChatMain;
import org.llava4j.eval.inspect.InspectMain;
import org.llava4j.eval.parity.ParityMain;
import org.llava4j.eval.scienceqa.ScienceQaMain;
import org.llava4j.eval.serve.ServeMain;
import org.llava4j.model.convert.AssembleMain;
import org.llava4j.model.convert.ExportMain;
import org.llava4j.model.convert.MergeLoraMain;
import org.llava4j.testing.PeftAdapters;
import org.llava4j.train.command.PlanMain;
import org.llava4j.train.command.StageMain;
import org.llava4j.train.lint.LintDataMain;
import org.llava4j.train.shards.TokenizeDataMain;

/**
 * Every command that reads a model config rejects absurd sizes in one line, before it allocates memory. The time limit
 * only ends a test that would hang.
 */
@Timeout(300)
class AbsurdConfigTest {
    private static final Path GOLDEN = Path.of(System.getProperty("llava4j.root"), "resources/golden");
    private static final Path TOWER = GOLDEN.resolve("j_transformers5/clip");
    private static final long BOUND_BYTES = 64_000_000;

    @TempDir
    private Path temp;

    /** A copy of a golden folder with another number in its config; a dot separates the keys of nested objects. */
    private Path model(String golden, String key, long value) throws IOException {
        Path folder = Files.createDirectories(temp.resolve("model"));
        try (Stream<Path> files = Files.list(GOLDEN.resolve(golden))) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        Path config = folder.resolve("config.json");
        ObjectNode json = (ObjectNode) new ObjectMapper().readTree(config.toFile());
        String[] path = key.split("\\.");
        ObjectNode at = path.length == 1 ? json : (ObjectNode) json.get(path[0]);
        at.put(path[path.length - 1], value);
        Files.writeString(config, json.toString());
        return folder;
    }

    /** The commands and their arguments except for the model. */
    private Map<Consumer<String[]>, List<String>> commands(Path dataset) {
        String data = GOLDEN.resolve("f_e2e/finetune.json").toString();
        String images = GOLDEN.resolve("d_preproc").toString();
        String out = temp.resolve("out").toString();
        List<String> training = List.of("--data-path", data, "--image-folder", images, "--output-dir", out);
        Map<Consumer<String[]>, List<String>> commands = new LinkedHashMap<>();
        commands.put(InspectMain::main, List.of());
        commands.put(
                ParityMain::main,
                List.of(
                        "--inputs",
                        GOLDEN.resolve("j_transformers5/llava/io.safetensors").toString()));
        commands.put(PlanMain::main, List.of("--stage", "pretrain"));
        commands.put(ExportMain::main, List.of("--output-dir", out));
        commands.put(StageMain::main, training);
        commands.put(LintDataMain::main, training);
        commands.put(TokenizeDataMain::main, training);
        commands.put(
                ScienceQaMain::main,
                List.of("--data-path", dataset.toString(), "--output-dir", out, "--conv-mode", "v1"));
        commands.put(ChatMain::main, List.of("--conv-mode", "v1"));
        commands.put(ServeMain::main, List.of("--conv-mode", "v1", "--port", "0"));
        return commands;
    }

    private static void assertRejected(Consumer<String[]> command, List<String> args, String key) {
        long before = Pointer.totalBytes();
        assertThatThrownBy(() -> command.accept(args.toArray(new String[0])))
                .as(String.join(" ", args))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("config.json: \"" + key + "\" is ")
                .hasMessageContaining("but at most")
                .hasMessageNotContaining("\n");
        assertThat(Pointer.totalBytes() - before).as(String.join(" ", args)).isLessThan(BOUND_BYTES);
    }

    @ParameterizedTest
    @CsvSource({
        "text_config.intermediate_size, 2147483647",
        "text_config.num_hidden_layers, 2000000000",
        "text_config.vocab_size, 2147483647",
        "vision_config.num_hidden_layers, 2000000000",
        "vision_config.image_size, 2147483646"
    })
    void commandsRejectAbsurdSizesOfLlava(String key, long value) throws IOException {
        Path folder = model("j_transformers5/llava", key, value);
        Path dataset = temp.resolve("dataset");
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(3, 0, 0, 1, 0, false), dataset);
        commands(dataset).forEach((command, args) -> assertRejected(command, with(args, "--model-path", folder), key));
    }

    @ParameterizedTest
    @CsvSource({"intermediate_size, 2147483647", "num_hidden_layers, 2000000000"})
    void commandsRejectAbsurdSizesOfLlama(String key, long value) throws IOException {
        Path folder = model("j_transformers5/llama", key, value);
        Path out = temp.resolve("out");
        List<String> tower = List.of("--vision-tower", TOWER.toString(), "--output-dir", out.toString());
        assertRejected(InspectMain::main, with(List.of(), "--model-path", folder), key);
        assertRejected(
                ParityMain::main,
                with(List.of("--inputs", folder.resolve("io.safetensors").toString()), "--model-path", folder),
                key);
        assertRejected(AssembleMain::main, with(tower, "--model-path", folder), key);
        assertRejected(
                StageMain::main,
                with(with(tower, "--data-path", GOLDEN.resolve("f_e2e/pretrain.json")), "--model-path", folder),
                key);
        assertThat(out).doesNotExist();
    }

    /** The adapter has its own config, which replaces the base's. */
    @ParameterizedTest
    @CsvSource({"intermediate_size, 2147483647", "num_hidden_layers, 2000000000"})
    void mergeAndInferenceRejectAbsurdSizesOfAdapter(String key, long value) throws IOException {
        Path adapter = model("c_llava_linear", key, value);
        Path config = adapter.resolve("config.json");
        ObjectNode json = (ObjectNode) new ObjectMapper().readTree(config.toFile());
        Files.writeString(config, json.put("mm_vision_tower", TOWER.toString()).toString());
        List<String> args = List.of(
                "--model-base",
                GOLDEN.resolve("c_llava_linear").toString(),
                "--output-dir",
                temp.resolve("out").toString());
        PeftAdapters.configure(adapter, new ObjectMapper().createObjectNode());
        assertRejected(MergeLoraMain::main, with(args, "--model-path", adapter), key);
        List<String> base =
                List.of("--model-path", GOLDEN.resolve("c_llava_linear").toString(), "--conv-mode", "v1");
        assertRejected(ChatMain::main, with(base, "--adapter", adapter), key);
    }

    private static List<String> with(List<String> args, String flag, Path value) {
        return Stream.concat(args.stream(), Stream.of(flag, value.toString())).toList();
    }
}
