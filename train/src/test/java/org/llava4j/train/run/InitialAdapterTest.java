package org.llava4j.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.folder.AdapterWriter;
import org.llava4j.model.folder.CheckpointWriter.Origin;
import org.llava4j.model.folder.LoraMerge;
import org.llava4j.model.folder.ModelManifest;
import org.llava4j.model.folder.ModelSource;
import org.llava4j.model.folder.SaveType;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.testing.PeftAdapters;
import org.llava4j.testing.ShortStage;
import org.llava4j.train.command.StageMain;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.run.CheckpointPolicy.ResumeMode;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** LoRA stages that train an existing adapter further. */
class InitialAdapterTest {
    private static final Path DATA = Golden.path("f_e2e/finetune.json");
    private static final String WEIGHTS = "adapter_model.safetensors";
    private static final String PROJECTOR = "non_lora_trainables.safetensors";
    private static final String PREFIX = "base_model.model.model.";

    @TempDir
    private Path temp;

    private Path model;
    private Path adapter;
    private Path out;
    private Stage stage;

    @BeforeEach
    void createModelAndStage() {
        model = ModelFolders.llama(temp.resolve("model"));
        adapter = temp.resolve("adapter");
        out = temp.resolve("out");
        Map<String, Object> lora = Map.of("rank", 4, "alpha", 8, "dropout", 0, "targets", LoraConfig.ALL_LINEAR);
        stage = Stages.with(
                Stages.with(Stages.named(Stages.FINETUNE_LORA), Map.of("lora", lora)),
                ShortStage.settings(1, 2, "learningRate=1e-2"));
    }

    private RunPaths paths(Path output) {
        return RunPaths.of(model, DATA, ModelFolders.IMAGES, output).withVisionTower(ModelFolders.TOWER);
    }

    private RunReport train(Path output) {
        return StageRunner.run(stage, paths(output), RunOptions.DEFAULT, TrainingListener.NONE);
    }

    private RunReport trainFurther(Path output) {
        return StageRunner.run(stage, paths(output).withAdapter(adapter), RunOptions.DEFAULT, TrainingListener.NONE);
    }

    /** A PEFT adapter on all linear layers, of rank 3 and alpha 6, without projector. */
    private void writePeftAdapter() {
        PeftAdapters.write(adapter, model, 0.2);
    }

    private static double firstLoss(RunReport report) {
        return report.steps().get(0).loss();
    }

    @Test
    void firstLossIsThatOfMergedAdapter() {
        double untrained = firstLoss(train(adapter));
        double further = firstLoss(trainFurther(out));
        Path merged = temp.resolve("merged");
        new LoraMerge(model, adapter, null, SaveType.AS_STORED, Long.MAX_VALUE).writeTo(merged);
        model = merged;
        assertThat(further)
                .isCloseTo(firstLoss(train(temp.resolve("on-merged"))), Percentage.withPercentage(1e-3))
                .isLessThan(0.99 * untrained);
    }

    @Test
    void outputRunsAndMergesLikeAnyAdapter() {
        train(adapter);
        trainFurther(out);
        assertThat(Golden.relativeError(
                        read(out, "layers.3.mlp.up_proj.lora_B"), read(adapter, "layers.3.mlp.up_proj.lora_B")))
                .isPositive();
        ModelManifest manifest = ModelManifest.read(out);
        assertThat(manifest.differences(out)).isEmpty();
        assertThat(manifest.base()).isEqualTo(ModelManifest.read(adapter).base());
        assertThat(manifest.sources())
                .containsEntry(
                        "model.layers.0.mlp.up_proj.lora_A.weight",
                        adapter.resolve(WEIGHTS) + ":" + PREFIX
                                + "layers.0.mlp.up_proj.lora_A.weight, then trained by finetune-lora")
                .containsEntry(
                        "model.mm_projector.weight",
                        adapter.resolve(PROJECTOR) + ":" + PREFIX
                                + "mm_projector.weight, then trained by finetune-lora");
        Path merged = temp.resolve("merged");
        assertThat(new LoraMerge(model, out, null, SaveType.AS_STORED, Long.MAX_VALUE).writeTo(merged))
                .isTrue();
        ModelSource source = ModelSource.withAdapter(model, out);
        Path image = ModelFolders.IMAGES.resolve("edges_90x60.png");
        try (LlavaModel unmerged = LlavaModel.load(source, source.chatFormat(null), WeightDtype.FP32);
                LlavaModel whole = LlavaModel.load(merged)) {
            assertThat(unmerged.answer(image, "What is it?", 12)).isEqualTo(whole.answer(image, "What is it?", 12));
        }
    }

    private static INDArray read(Path adapter, String name) {
        try (SafetensorsFile file = SafetensorsFile.open(adapter.resolve(WEIGHTS))) {
            return file.read(PREFIX + name + ".weight");
        }
    }

    @Test
    void zeroStepsLeaveFilesUnchanged() throws IOException {
        train(adapter);
        RunPaths paths = paths(out).withAdapter(adapter);
        GradientWorker worker = GradientWorker.load(stage, paths, RunOptions.DEFAULT, false, notice -> {});
        Files.createDirectory(out);
        AdapterWriter.writeInto(
                out,
                worker.model(),
                new Origin(
                        model,
                        ModelFolders.TOWER,
                        GradientWorker.config(stage, paths, RunOptions.DEFAULT),
                        stage.data().chatFormat()),
                stage.model().lora(),
                TensorType.F32);
        for (String file : List.of(WEIGHTS, PROJECTOR, "adapter_config.json", "config.json")) {
            assertThat(out.resolve(file)).hasSameBinaryContentAs(adapter.resolve(file));
        }
    }

    /** The command takes rank, alpha and targets of a PEFT adapter, which has neither projector nor LLaVA config. */
    @Test
    void commandTrainsPeftAdapterWithItsRank() {
        writePeftAdapter();
        execute("--fresh-projector", "--lora-dropout", "0.25");
        LoraConfig lora = Stages.load(out.resolve("stage.json")).model().lora();
        assertThat(lora).isEqualTo(new LoraConfig(3, 6, 0.25, LoraConfig.ALL_LINEAR));
        INDArray a = read(out, "layers.0.self_attn.q_proj.lora_A");
        assertThat(Golden.relativeError(a, read(adapter, "layers.0.self_attn.q_proj.lora_A")))
                .isBetween(1e-6, 0.5);
        ModelSource source = ModelSource.withAdapter(model, out);
        try (LlavaModel trained = LlavaModel.load(source, source.chatFormat(null), WeightDtype.FP32)) {
            assertThat(trained.answer(ModelFolders.IMAGES.resolve("edges_90x60.png"), "What is it?", 4))
                    .isNotEmpty();
        }
    }

    /** LLaVA's folder has its config, which names tower and projector, and the projector in a PyTorch file. */
    @Test
    void commandTrainsLlavaAdapterWithItsProjectorAndTower() throws IOException {
        train(temp.resolve("other"));
        writePeftAdapter();
        Files.copy(temp.resolve("other/config.json"), adapter.resolve("config.json"));
        Files.copy(Golden.path("f_e2e/stage1_out/mm_projector.bin"), adapter.resolve("non_lora_trainables.bin"));
        new StageMain(Stages.FINETUNE_LORA)
                .execute(flags("--model-path", model, "--adapter", adapter, "--max-steps", 2, "--learning-rate", 1e-9));
        assertThat(JsonInput.readObject(out.resolve("run.json"))
                        .path("projector")
                        .textValue())
                .startsWith(adapter.resolve("non_lora_trainables.bin") + ":model.mm_projector.");
        try (SafetensorsFile written = SafetensorsFile.open(out.resolve(PROJECTOR))) {
            INDArray expected = Golden.tensors("f_e2e/stage1_final.safetensors").get("model.mm_projector.weight");
            assertThat(Golden.relativeError(written.read(PREFIX + "mm_projector.weight"), expected))
                    .isLessThan(1e-2);
        }
    }

    @Test
    void adapterIsPartOfIdentity() {
        writePeftAdapter();
        stage = Stages.with(stage, List.of("lora.rank=3", "lora.alpha=6", "maxSteps=3"));
        Path checkpoints = temp.resolve("checkpoints");
        RunOptions options =
                RunOptions.DEFAULT.withCheckpointPolicy(new CheckpointPolicy(checkpoints, 1, 2, ResumeMode.AUTO));
        RunPaths paths = paths(out).withAdapter(adapter);
        assertThat(StageRunner.run(stage, paths, options, new StopAfter(1)).stopped())
                .isNotNull();
        assertThatThrownBy(() -> StageRunner.run(stage, paths(out), options, TrainingListener.NONE))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("weights of adapter " + WEIGHTS + "\" was sha256");
        PeftAdapters.write(temp.resolve("same"), model, 0.2);
        Path another = PeftAdapters.write(temp.resolve("another"), model, 0.1);
        assertThatThrownBy(() -> StageRunner.run(stage, paths.withAdapter(another), options, TrainingListener.NONE))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("weights of adapter " + WEIGHTS);
        RunReport report =
                StageRunner.run(stage, paths.withAdapter(temp.resolve("same")), options, TrainingListener.NONE);
        assertThat(report.steps()).hasSize(3);
        StageRunner.run(
                stage,
                paths.of(DATA, ModelFolders.IMAGES, temp.resolve("whole")),
                RunOptions.DEFAULT.withCheckpointPolicy(
                        new CheckpointPolicy(temp.resolve("unused"), 0, 1, ResumeMode.NEVER)),
                TrainingListener.NONE);
        assertThat(out.resolve(WEIGHTS))
                .hasSameBinaryContentAs(temp.resolve("whole").resolve(WEIGHTS));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--lora-r 8 | --lora-r is 8, but the adapter %s has 3; leave it out",
                "--lora-alpha 3 | --lora-alpha is 3.0, but the adapter %s has 6.0",
                "--lora-target-modules .+q_proj.weight | --lora-target-modules is [.+q_proj.weight], but the adapter",
                "--set lora.rank=8 | the adapter %s has rank 3, but the stage has rank 8; train it further with",
                "--set lora.alpha=8 | the adapter %s has alpha 6.0, but the stage has alpha 8.0",
                "--set lora.targets=[\".+q_proj.weight\"] | has the targets [model\\.layers\\.\\d+\\.self_attn\\.q_proj",
                "--stage finetune | the stage finetune has no LoRA and cannot train the adapter %s further; enable it",
            })
    void otherValuesThanAdaptersAreRejected(String flags, String message) {
        writePeftAdapter();
        List<String> all = new ArrayList<>(List.of(flags.split(" ")));
        all.add("--fresh-projector");
        assertThatThrownBy(() -> execute(all.toArray()))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining(String.format(message, adapter))
                .hasMessageNotContaining("\n");
        assertThat(out).doesNotExist();
    }

    @Test
    void sameValuesAsAdaptersAreAccepted() {
        writePeftAdapter();
        String targets = ".+_proj\\.weight";
        execute("--fresh-projector", "--lora-r", "3", "--lora-alpha", "6", "--lora-target-modules", targets);
        assertThat(Stages.load(out.resolve("stage.json")).model().lora().targets())
                .containsExactly(targets);
    }

    @Test
    void adapterOfOtherBaseIsRejected() throws IOException {
        writePeftAdapter();
        Path other = Files.createDirectory(temp.resolve("other"));
        for (String file : List.of("config.json", "tokenizer.model", "tokenizer_config.json")) {
            Files.copy(model.resolve(file), other.resolve(file));
        }
        byte[] weights = Files.readAllBytes(model.resolve("model.safetensors"));
        weights[weights.length - 1] ^= 1;
        Files.write(other.resolve("model.safetensors"), weights);
        nameBase(other.toString());
        assertRejected(
                adapter + " was trained on " + other + " (base_model_name_or_path), whose decoder is not that of");
        nameBase("lmsys/vicuna-7b-v1.5");
        execute("--fresh-projector");
        // An adapter of a run records the hash.
        adapter = out;
        model = other;
        out = temp.resolve("further");
        assertRejected(adapter + " was trained on a base model whose decoder has hash ");
        PeftAdapters.write(temp.resolve("wide"), Golden.path("b_llama_gqa"), 0.2);
        adapter = temp.resolve("wide");
        assertRejected("give the base model that the adapter was trained on");
    }

    private void nameBase(String base) {
        configure(json -> json.put("base_model_name_or_path", base));
    }

    private void configure(Consumer<ObjectNode> change) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        change.accept(json);
        PeftAdapters.configure(adapter, json);
    }

    @Test
    void secondProjectorIsRejected() {
        train(adapter);
        assertThatThrownBy(() -> execute("--pretrain-mm-mlp-adapter", Golden.path("f_e2e/stage1_out/mm_projector.bin")))
                .hasMessageContaining("both " + Golden.path("f_e2e/stage1_out/mm_projector.bin") + " and the adapter "
                        + adapter + " have a projector; leave out --pretrain-mm-mlp-adapter");
    }

    @Test
    void outputOverAdapterIsRejected() {
        writePeftAdapter();
        Path output = out;
        out = adapter;
        assertThatThrownBy(() -> execute("--fresh-projector")).hasMessageContaining("is also an input");
        assertThat(output).doesNotExist();
        assertThat(adapter.resolve(WEIGHTS)).exists();
    }

    @Test
    void weightsThatStageDoesNotTrainAreRejected() {
        writePeftAdapter();
        addTensors(WEIGHTS, Map.of("lm_head.lora_A", Nd4j.ones(3, 64), "lm_head.lora_B", Nd4j.ones(1000, 3)));
        assertRejected("targets lm_head.weight, but a LoRA stage trains linear layers of the decoder only; merge");
        writePeftAdapter();
        addTensors(PROJECTOR, Map.of("norm", Nd4j.ones(64)));
        assertRejected(adapter.resolve(PROJECTOR) + " has model.norm.weight, which a LoRA stage does not train");
    }

    /** Adds tensors to a file, which need not exist. */
    private void addTensors(String file, Map<String, INDArray> added) {
        Path path = adapter.resolve(file);
        Map<String, INDArray> all = new TreeMap<>();
        if (Files.exists(path)) {
            try (SafetensorsFile before = SafetensorsFile.open(path)) {
                before.tensors().keySet().forEach(name -> all.put(name, before.read(name)));
            }
        }
        added.forEach((name, tensor) -> all.put(
                (name.startsWith("lm_head") ? "base_model.model." : PREFIX) + name + ".weight",
                tensor.castTo(DataType.FLOAT)));
        SafetensorsWriter.write(path, all);
    }

    @Test
    void malformedFolderIsRejected() throws IOException {
        writePeftAdapter();
        byte[] weights = Files.readAllBytes(adapter.resolve(WEIGHTS));
        Files.write(adapter.resolve(WEIGHTS), Arrays.copyOf(weights, weights.length / 2));
        assertRejected(adapter.resolve(WEIGHTS).toString());
        Files.delete(adapter.resolve(WEIGHTS));
        assertRejected(adapter + " has an adapter_config.json but no adapter_model.safetensors or .bin");
        Files.write(adapter.resolve(WEIGHTS), weights);
        configure(json -> json.put("use_dora", true));
        assertRejected("DoRA is not supported");
        configure(json -> json.put("r", 5));
        assertRejected("must be [5, 64], for rank 5");
        configure(json -> {});
        Files.writeString(adapter.resolve(PROJECTOR), "no tensors");
        assertRejected(adapter.resolve(PROJECTOR).toString());
        Files.delete(adapter.resolve("adapter_config.json"));
        assertRejected(adapter + " is not a LoRA adapter: it has no adapter_config.json");
        adapter = temp.resolve("missing");
        assertRejected(adapter + " is not a LoRA adapter");
        adapter = model;
        assertRejected(adapter + " is not a LoRA adapter");
    }

    private void assertRejected(String message) {
        assertThatThrownBy(() -> execute("--fresh-projector"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
        assertThat(out).doesNotExist();
    }

    private void execute(Object... flags) {
        List<Object> all = new ArrayList<>(List.of("--model-path", model, "--vision-tower", ModelFolders.TOWER));
        all.addAll(List.of("--adapter", adapter, "--max-steps", 2));
        all.addAll(List.of(flags));
        new StageMain(Stages.FINETUNE_LORA).execute(flags(all.toArray()));
    }

    private String[] flags(Object... flags) {
        List<Object> all = new ArrayList<>(List.of("--data-path", DATA, "--image-folder", ModelFolders.IMAGES));
        all.addAll(List.of("--output-dir", out, "--per-device-train-batch-size", 2, "--model-max-length", 256));
        all.addAll(List.of("--gradient-accumulation-steps", 1));
        all.addAll(List.of(flags));
        return all.stream().map(String::valueOf).toArray(String[]::new);
    }
}
