package org.llava4j.train.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;

/** The command plan on a folder with only a config. */
class PlanMainTest {
    @TempDir
    private Path temp;

    private Path config;

    @BeforeEach
    void createConfig() throws IOException {
        ObjectNode llava = (ObjectNode) Golden.json("g_layouts/vicuna-7b.json").get("config");
        llava.put("mm_vision_tower", "openai/clip-vit-large-patch14");
        config = Files.writeString(temp.resolve("config.json"), llava.toString());
        Files.writeString(temp.resolve("broken.json"), "{");
        Files.createDirectory(temp.resolve("empty"));
    }

    @AfterEach
    void nothingIsWritten() throws IOException {
        try (Stream<Path> files = Files.walk(temp)) {
            assertThat(files.filter(Files::isRegularFile)
                            .map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("config.json", "broken.json");
        }
    }

    @Test
    void planEstimatesStage1OfThePaper() {
        String said = plan("--model-path", temp.toString(), "--stage", "pretrain", "--samples", "595375");
        assertThat(said)
                .contains("4,198,400 parameters")
                .contains("7,041,595,392 parameters")
                .contains("4652, of which 140 warmup");
    }

    @Test
    void planAcceptsConfigFileAndStageFile() {
        Path stage = Path.of("src/main/resources/org/llava4j/train/stage/finetune.json");
        assertThat(plan("--model-path", config.toString(), "--stage", stage.toString(), "--batch", "1"))
                .contains("6,742,614,016 parameters")
                .doesNotContain("steps");
    }

    @Test
    void planAcceptsLlamaWithPublishedTower() {
        Path llama = Golden.path("f_e2e/base_llm");
        String tower = "openai/clip-vit-large-patch14-336";
        assertThat(plan("--model-path", llama.toString(), "--stage", "pretrain", "--vision-tower", tower))
                .contains("image tokens 576");
    }

    @Test
    void planCountsSamples() {
        String data = Golden.path("f_e2e/pretrain.json").toString();
        List<String> args =
                List.of("--stage", "pretrain", "--batch", "2", "--accumulation", "1", "--num-train-epochs", "2");
        List<String> all = new ArrayList<>(args);
        all.addAll(List.of("--model-path", temp.toString(), "--data-path", data));
        assertThat(plan(all.toArray(new String[0]))).contains("8, of which 1 warmup: 8 samples, 2 per step");
    }

    @Test
    void planRejectsDataWithoutSamples(@TempDir Path elsewhere) throws IOException {
        Path empty = Files.writeString(elsewhere.resolve("empty.json"), "[]");
        assertThatThrownBy(() ->
                        run("--model-path", temp.toString(), "--stage", "pretrain", "--data-path", empty.toString()))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("has no samples");
    }

    @Test
    void planIncludesGradientCheckpointing() {
        assertThat(plan("--model-path", temp.toString(), "--stage", "finetune", "--gradient-checkpointing"))
                .contains("gradient checkpointing recomputes those inside decoder layers");
    }

    @Test
    void planAcceptsPacking() {
        assertThat(plan("--model-path", temp.toString(), "--stage", "pretrain", "--packing", "true"))
                .contains("needed");
        assertThatThrownBy(() -> run("--model-path", temp.toString(), "--stage", "pretrain", "--packing", "maybe"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("--packing is maybe; use true or false");
    }

    @Test
    void planEstimatesCluster() {
        assertThat(plan(
                        "--model-path",
                        temp.toString(),
                        "--stage",
                        "pretrain",
                        "--batch",
                        "1",
                        "--accumulation",
                        "20",
                        "--executors",
                        "8",
                        "--machine-gb",
                        "72"))
                .contains("8, 8 of them active: 20 batches per step, at most 3 per executor")
                .contains("16 MB to each executor, 16 MB back, 128 MB into the driver; 0.12 s at 10.0 Gbit/s")
                .contains("--conf spark.executor.memory=2g --conf spark.executor.memoryOverhead=");
        assertThatThrownBy(() -> run(
                        "--model-path",
                        temp.toString(),
                        "--stage",
                        "finetune",
                        "--executors",
                        "8",
                        "--machine-gb",
                        "720"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("every executor would receive 25.1 GB of weights and send 25.1 GB of gradients,"
                        + " 43.2 s per executor at 10 Gbit/s");
    }

    @Test
    void planRejectsRunThatDoesNotFitWithSuggestions() {
        assertThatThrownBy(() -> run("--model-path", temp.toString(), "--stage", "pretrain", "--machine-gb", "72"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("but may use 61.2 GB of 72.0 GB; it fits with batch size ")
                .hasMessageContaining(", or with ")
                .hasMessageNotContaining("\n");
    }

    @ParameterizedTest
    @CsvSource({
        "--per-device-train-batch-size,0,--per-device-train-batch-size is 0",
        "--batch,two,--per-device-train-batch-size must be an integer",
        "--accumulation,0,--gradient-accumulation-steps is 0",
        "--samples,0,--samples is 0",
        "--epochs,0,--num-train-epochs is 0",
        "--network-gbit,0,--network-gbit is 0.0; it must be greater than 0",
        "--max-length,256,length 256 has no room for text: an image takes 256 tokens; give 257 or more",
        "--stage,warmup,unknown stage \"warmup\"",
        "--model-path,nowhere,--model-path nowhere does not exist",
        "--model-path,empty,config.json does not exist; give a folder that contains a config.json",
        "--model-path,broken.json,invalid JSON",
        "--frozen-dtype,int8,--frozen-dtype int8 is not supported",
        "--data-path,nowhere.json,--data-path nowhere.json does not exist",
        "--machine-gb,0,--machine-gb is 0.0; it must be greater than 0",
        "--vision-tower,nowhere,nowhere does not exist; give a model folder or a GGUF file"
    })
    void planRejectsInvalidFlags(String flag, String value, String message) {
        List<String> args = new ArrayList<>();
        if (!flag.equals("--model-path")) {
            args.addAll(List.of("--model-path", temp.toString()));
        }
        if (!flag.equals("--stage")) {
            args.addAll(List.of("--stage", "pretrain"));
        }
        if (!flag.equals("--machine-gb")) {
            args.addAll(List.of("--machine-gb", "1000"));
        }
        Path file = temp.resolve(value);
        args.addAll(List.of(flag, flag.equals("--model-path") && Files.exists(file) ? file.toString() : value));
        assertThatThrownBy(() -> run(args.toArray(new String[0])))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void planRejectsStageWithoutMatchingWeights() {
        assertThatThrownBy(() -> run("--model-path", ModelFolders.TOWER.toString(), "--stage", "pretrain"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("has no \"mm_vision_tower\"");
    }

    private static void run(String... args) {
        PlanMain.main(args);
    }

    private static String plan(String... args) {
        String[] all = Stream.concat(Stream.of("--machine-gb", "1000"), Stream.of(args))
                .toArray(String[]::new);
        PrintStream out = System.out;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        try (PrintStream print = new PrintStream(said, true, StandardCharsets.UTF_8)) {
            System.setOut(print);
            run(all);
        } finally {
            System.setOut(out);
        }
        return said.toString(StandardCharsets.UTF_8);
    }
}
