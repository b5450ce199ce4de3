package org.llava4j.train.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.folder.ModelManifest;
import org.llava4j.model.tensors.FloatConversion;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.testing.ShortStage;
import org.llava4j.train.TinyScienceQa;
import org.llava4j.train.stage.Stages;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Training commands end to end: their output, and their one-line errors. */
class StageMainTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path temp;

    private Path model;
    private Path data;
    private Path output;
    /** Set by tests whose command succeeds. */
    private boolean written;

    @BeforeEach
    void createModelAndData() throws IOException {
        model = ModelFolders.llama(temp.resolve("model"));
        data = Files.copy(Golden.path("f_e2e/pretrain.json"), temp.resolve("data.json"));
        output = temp.resolve("out");
    }

    @AfterEach
    void outputIsCompleteOrMissing() throws IOException {
        try (Stream<Path> all = Files.list(temp)) {
            List<String> others = new ArrayList<>(List.of("model", "data.json"));
            others.add(written ? "out" : "nothing else");
            assertThat(all.map(path -> path.getFileName().toString()))
                    .filteredOn(name -> !name.startsWith("my-"))
                    .isSubsetOf(others);
        }
        assertThat(Files.exists(output)).isEqualTo(written);
    }

    @Test
    void finetuneStartsFromPretrainOutput() throws IOException {
        run("pretrain", "--save-type", "bfloat16");
        written = true;
        assertThat(ChatFormat.of(output).template().name()).isEqualTo("plain");
        for (String file : List.of("metrics.jsonl", "run.json", "stage.json", "mm_projector.safetensors")) {
            assertThat(output.resolve(file)).isNotEmptyFile();
        }
        assertThat(Files.readAllLines(output.resolve("metrics.jsonl"))).hasSize(2);
        assertThat(Stages.load(output.resolve("stage.json")).schedule().maxSteps())
                .isEqualTo(2);
        assertThat(JSON.readTree(output.resolve("run.json").toFile())
                        .at("/projector")
                        .textValue())
                .isEqualTo("fresh");
        ModelManifest manifest = ModelManifest.read(output);
        assertThat(manifest.stage()).isEqualTo("pretrain");
        assertThat(manifest.template()).isEqualTo("plain");
        assertThat(manifest.differences(output)).isEmpty();
        assertThat(manifest.sources())
                .containsEntry("model.mm_projector.weight", "fresh, then trained by pretrain")
                .containsEntry("model.norm.weight", model + ":model.norm.weight");
        try (SafetensorsFile weights = SafetensorsFile.open(output.resolve("model.safetensors"))) {
            assertThat(weights.tensors().values()).allMatch(info -> info.type() == TensorType.BF16);
        }
        Path second = temp.resolve("my-stage2");
        execute(
                "finetune",
                "--model-path",
                output.toString(),
                "--data-path",
                Golden.path("f_e2e/finetune.json").toString(),
                "--image-folder",
                ModelFolders.IMAGES.toString(),
                "--output-dir",
                second.toString(),
                "--per-device-train-batch-size",
                "2",
                "--gradient-accumulation-steps",
                "2",
                "--num-train-epochs",
                "1");
        assertThat(Files.readAllLines(second.resolve("metrics.jsonl"))).hasSize(2);
        assertThat(ChatFormat.of(second).template().name()).isEqualTo("v1");
    }

    @Test
    void frozenBf16DecoderIsWrittenUnchanged() {
        run("pretrain", "--frozen-dtype", "bf16");
        written = true;
        try (SafetensorsFile before = SafetensorsFile.open(model.resolve("model.safetensors"));
                SafetensorsFile after = SafetensorsFile.open(output.resolve("model.safetensors"))) {
            for (String name : before.tensors().keySet()) {
                assertThat(after.read(name)).as(name).isEqualTo(before.read(name));
            }
            INDArray projector = after.read("model.mm_projector.weight");
            assertThat(projector).isNotEqualTo(rounded(projector));
        }
    }

    private static INDArray rounded(INDArray weight) {
        return FloatConversion.cast(FloatConversion.cast(weight, DataType.BFLOAT16), DataType.FLOAT);
    }

    @Test
    void seedDeterminesWeights() throws IOException {
        run("pretrain", "--feature-cache", temp.resolve("my-cache").toString());
        written = true;
        byte[] first = Files.readAllBytes(output.resolve("mm_projector.safetensors"));
        run("pretrain", "--feature-cache", temp.resolve("my-cache").toString());
        assertThat(output.resolve("mm_projector.safetensors")).hasBinaryContent(first);
        assertThat(JSON.readTree(output.resolve("run.json").toFile())
                        .get("features_computed")
                        .intValue())
                .as("the second run finds every image in the cache")
                .isZero();
        run("pretrain", "--seed", "7");
        assertThat(Files.readAllBytes(output.resolve("mm_projector.safetensors")))
                .isNotEqualTo(first);
    }

    @Test
    void scienceQaStageTrainsOnScienceQaFiles() throws IOException {
        Path problems = TinyScienceQa.write(temp.resolve("my-scienceqa"));
        execute(
                "finetune-scienceqa",
                "--model-path",
                model.toString(),
                "--vision-tower",
                ModelFolders.TOWER.toString(),
                "--data-path",
                problems.toString(),
                "--output-dir",
                output.toString(),
                "--fresh-projector",
                "--prompt-format",
                "A",
                "--per-device-train-batch-size",
                "2",
                "--max-steps",
                "2");
        written = true;
        assertThat(Files.readAllLines(output.resolve("metrics.jsonl"))).hasSize(2);
    }

    @Test
    void booleanFlagNeedsNoValue() throws IOException {
        run("pretrain", "--group-by-modality-length", "--seed", "7");
        written = true;
        assertThat(Stages.load(output.resolve("stage.json")).data().groupByModalityLength())
                .isTrue();
        run("pretrain", "--group-by-modality-length", "False");
        assertThat(Stages.load(output.resolve("stage.json")).data().groupByModalityLength())
                .isFalse();
    }

    @Test
    void helpPrintsFlags() {
        assertThatCode(() -> execute("pretrain", "--help")).doesNotThrowAnyException();
    }

    @Test
    void unknownFlagIsRejected() {
        assertFails("--learning-rat", "1e-3").hasMessageContaining("learning-rat");
    }

    @Test
    void missingFlagIsRejected() {
        assertThatThrownBy(() -> execute("pretrain", "--model-path", model.toString()))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("data-path");
    }

    @Test
    void valueOutOfRangeIsRejected() {
        assertFails("--warmup-ratio", "1.5").hasMessageContaining("\"warmupRatio\" is 1.5; it must be at least 0");
        assertFails("--num-train-epochs", "two").hasMessageContaining("--num-train-epochs must be an integer, got two");
        assertFails("--group-by-modality-length", "maybe")
                .hasMessageContaining("--group-by-modality-length is maybe; use true or false");
        assertFails("--packing", "bfd").hasMessageContaining("--packing is bfd; use true or false");
        assertFails("--bits", "5").hasMessageContaining("--bits 5 is not supported; use 4, 8 or 16");
        assertFails("--bits", "4", "--frozen-dtype", "q8")
                .hasMessageContaining("--bits and --frozen-dtype are both present; give one");
        assertFails("--frozen-dtype", "int8")
                .hasMessageContaining("--frozen-dtype int8 is not supported; use fp32, bf16, fp16, q8, q4 or stored");
        assertFails("--save-type", "int8").hasMessageContaining("int8");
        assertFails("--conv-mode", "v9").hasMessageContaining("v9");
    }

    @Test
    void runOfOnlyWarmupIsRejected() {
        assertFails("--max-steps", "1").hasMessageContaining("all 1 step(s) of the run would be warmup");
    }

    @Test
    void missingWeightsAreRejected() throws IOException {
        Files.delete(model.resolve("model.safetensors"));
        assertFails().hasMessageContaining("there are no weights in " + model);
    }

    @Test
    void truncatedWeightsAreRejected() throws IOException {
        Path file = model.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length - 100));
        assertFails().hasMessageContaining(file.toString());
    }

    @Test
    void tensorWithWrongShapeIsRejected() {
        changeWeights(tensors -> tensors.put("model.norm.weight", Nd4j.ones(DataType.FLOAT, 63)));
        assertFails()
                .hasMessageContaining("model.norm.weight is [63]")
                .hasMessageContaining("the config asks for [64]");
    }

    @Test
    void unusedTensorIsRejected() {
        changeWeights(tensors -> tensors.put("model.extra.weight", Nd4j.ones(DataType.FLOAT, 3)));
        assertFails().hasMessageContaining("model.extra.weight [3]").hasMessageContaining("is unused");
    }

    @Test
    void missingTensorIsRejected() {
        changeWeights(tensors -> tensors.remove("model.layers.1.mlp.up_proj.weight"));
        assertFails().hasMessageContaining("model.layers.1.mlp.up_proj.weight [176, 64] is missing");
    }

    @Test
    void configDefaultThatDoesNotFitWeightsIsRejected() throws IOException {
        Path file = model.resolve("config.json");
        ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
        config.remove("vocab_size");
        JSON.writeValue(file.toFile(), config);
        // LLaMA's default vocabulary size is 32000, as in transformers; the folder has fewer rows.
        assertFails().hasMessageContaining("weights and config do not match").hasMessageContaining("embed_tokens");
    }

    @Test
    void brokenJsonIsRejectedWithLine() throws IOException {
        List<String> lines = new ArrayList<>(Files.readAllLines(data));
        lines.set(9, lines.get(9) + " oops");
        Files.write(data, lines);
        assertFails().hasMessageContaining(data + ", line 10: invalid JSON");
    }

    @Test
    void missingImageIsRejected() throws IOException {
        Path images = Files.createDirectory(temp.resolve("my-images"));
        assertFails("--image-folder", images.toString())
                .hasMessageContaining("there is no image " + images)
                .hasMessageContaining("check the name and the image folder");
    }

    @Test
    void corruptImageIsRejected() throws IOException {
        Path images = Files.createDirectory(temp.resolve("my-images"));
        try (Stream<Path> all = Files.list(ModelFolders.IMAGES)) {
            for (Path picture :
                    all.filter(path -> path.toString().endsWith("png")).toList()) {
                byte[] bytes = Files.readAllBytes(picture);
                Files.write(images.resolve(picture.getFileName()), Arrays.copyOf(bytes, bytes.length / 2));
            }
        }
        assertFails("--image-folder", images.toString()).hasMessageContaining(images.toString());
    }

    @Test
    void unwritableOutputIsRejectedEarly() throws IOException {
        Path file = Files.writeString(temp.resolve("my-file"), "x");
        assertFails("--output-dir", file.resolve("out").toString())
                .hasMessageContaining("cannot write " + file.resolve("out"));
        Path foreign = Files.createDirectory(temp.resolve("my-photos"));
        Files.writeString(foreign.resolve("photo.jpg"), "precious");
        assertFails("--output-dir", foreign.toString())
                .hasMessageContaining("contains files that no previous run wrote");
        assertFails("--output-dir", model.toString()).hasMessageContaining("is also an input");
    }

    @Test
    void modelWithoutTowerIsRejected() {
        assertThatThrownBy(() -> execute(
                        "pretrain",
                        "--model-path",
                        model.toString(),
                        "--data-path",
                        data.toString(),
                        "--output-dir",
                        output.toString()))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("has no \"mm_vision_tower\"")
                .hasMessageContaining("--vision-tower");
    }

    @Test
    void stage2WithoutProjectorIsRejected() {
        assertThatThrownBy(() -> run("finetune"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("model.mm_projector.weight [64, 64] is missing");
    }

    private AbstractThrowableAssert<?, ? extends Throwable> assertFails(String... more) {
        return assertThatThrownBy(() -> run("pretrain", more))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageStartingWith("pretrain: ")
                .hasMessageNotContaining("\n");
    }

    /** Runs a small stage; of a repeated flag the last value counts, so {@code more} comes last. */
    private void run(String stage, String... more) {
        List<String> arguments = new ArrayList<>(ShortStage.pathFlags(model, data, output));
        arguments.addAll(List.of(
                "--per-device-train-batch-size", "4", "--gradient-accumulation-steps", "1", "--max-steps", "2"));
        arguments.addAll(List.of(more));
        execute(stage, arguments.toArray(String[]::new));
    }

    private static void execute(String stage, String... arguments) {
        new StageMain(stage).execute(arguments);
    }

    private interface Change {
        Object of(Map<String, INDArray> tensors);
    }

    private void changeWeights(Change change) {
        Path file = model.resolve("model.safetensors");
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        try (SafetensorsFile weights = SafetensorsFile.open(file)) {
            weights.tensors().keySet().forEach(name -> tensors.put(name, weights.read(name)));
        }
        change.of(tensors);
        SafetensorsWriter.write(file, tensors);
    }
}
