package org.llava4j.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Percentage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.BadInputException;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.folder.LoraMerge;
import org.llava4j.model.folder.ModelManifest;
import org.llava4j.model.folder.ModelSource;
import org.llava4j.model.folder.SaveType;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.testing.ShortStage;
import org.llava4j.train.TinyModelFolders;
import org.llava4j.train.command.PlanMain;
import org.llava4j.train.command.StageMain;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.run.CheckpointPolicy.ResumeMode;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A stage with LoRA: its output, an interrupted run, and rejected settings. */
class LoraStageTest {
    private static final int STEPS = 5;
    private static final Map<String, Object> LORA =
            Map.of("rank", 4, "alpha", 8, "dropout", 0.2, "targets", List.of("model\\.layers\\..+_proj\\.weight"));

    @TempDir
    private Path temp;

    private Path model;
    private Path tower = ModelFolders.TOWER;
    private Path out;
    private Stage stage;

    @BeforeEach
    void createStage() {
        model = ModelFolders.llama(temp.resolve("model"));
        out = temp.resolve("out");
        stage = Stages.with(
                Stages.with(Stages.named(Stages.FINETUNE_LORA), Map.of("lora", LORA)),
                ShortStage.settings(2, STEPS, "learningRate=1e-3"));
    }

    private RunReport run(Path output, WeightDtype frozen, CheckpointPolicy policy, TrainingListener listener) {
        RunPaths paths = RunPaths.of(model, Golden.path("f_e2e/finetune.json"), ModelFolders.IMAGES, output)
                .withVisionTower(tower);
        RunOptions options = RunOptions.DEFAULT.withCheckpointPolicy(policy).withFrozenDtype(frozen);
        return StageRunner.run(stage, paths, options, listener);
    }

    private RunReport run(Path output) {
        return run(output, WeightDtype.FP32, CheckpointPolicy.NONE, TrainingListener.NONE);
    }

    /** Trains the adapter {@code out} further, into {@code further}. */
    private RunReport trainFurther(@Nullable Path visionTower, WeightDtype frozen) {
        Path data = Golden.path("f_e2e/finetune.json");
        RunPaths paths = RunPaths.of(model, data, ModelFolders.IMAGES, temp.resolve("further"))
                .withVisionTower(visionTower)
                .withAdapter(out);
        return StageRunner.run(stage, paths, RunOptions.DEFAULT.withFrozenDtype(frozen), TrainingListener.NONE);
    }

    @Test
    void stageWritesAdapterThatMerges() {
        RunReport report = run(out, WeightDtype.BF16, CheckpointPolicy.NONE, TrainingListener.NONE);
        assertThat(out.resolve("model.safetensors")).doesNotExist();
        assertThat(report.summary().groups())
                .filteredOn(WeightGroup::trainable)
                .extracting(WeightGroup::name)
                .containsExactlyInAnyOrder("lora", "mm_projector");
        try (SafetensorsFile adapter = SafetensorsFile.open(out.resolve("adapter_model.safetensors"));
                SafetensorsFile others = SafetensorsFile.open(out.resolve("non_lora_trainables.safetensors"))) {
            assertThat(adapter.tensors()).hasSize(2 * 7 * 4);
            INDArray b = adapter.read("base_model.model.model.layers.1.mlp.up_proj.lora_B.weight");
            assertThat(b.norm2Number().doubleValue()).isGreaterThan(0);
            assertThat(others.tensors().keySet())
                    .containsExactly(
                            "base_model.model.model.mm_projector.bias", "base_model.model.model.mm_projector.weight");
        }
        ModelManifest manifest = ModelManifest.read(out);
        assertThat(manifest.wrote()).isEqualTo("adapter");
        assertThat(manifest.differences(out)).isEmpty();
        assertThatThrownBy(() -> Checkpoint.llava(out, ModelFolders.TOWER))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("is a LoRA adapter; merge it");
        // The adapter's config has the vision tower.
        Path merged = temp.resolve("merged");
        new LoraMerge(model, out, null, SaveType.AS_STORED, Long.MAX_VALUE).writeTo(merged);
        try (SafetensorsFile before = SafetensorsFile.open(model.resolve("model.safetensors"));
                SafetensorsFile after = SafetensorsFile.open(merged.resolve("model.safetensors"))) {
            for (String name : before.tensors().keySet()) {
                boolean target = name.endsWith("_proj.weight");
                assertThat(after.read(name).equals(before.read(name))).as(name).isNotEqualTo(target);
            }
        }
        ModelSource source = ModelSource.withAdapter(model, out);
        Path image = ModelFolders.IMAGES.resolve("edges_90x60.png");
        try (LlavaModel unmerged = LlavaModel.load(source, source.chatFormat(null), WeightDtype.FP32);
                LlavaModel whole = LlavaModel.load(merged)) {
            assertThat(unmerged.answer(image, "What is it?", 12)).isEqualTo(whole.answer(image, "What is it?", 12));
        }
    }

    /** The frozen weights are blocks; A, B and the projector are trained in float32. */
    @Test
    void stageTrainsAdapterOnQuantizedGgufFile() {
        model = Golden.path("k_gguf/model.gguf");
        tower = Golden.path("k_gguf/mmproj.gguf");
        stage = Stages.with(stage, Map.of("freshProjector", false));
        RunReport report = run(out, WeightDtype.STORED, CheckpointPolicy.NONE, TrainingListener.NONE);
        assertThat(report.summary().steps()).isEqualTo(STEPS);
        RunReport exact = run(temp.resolve("exact"), WeightDtype.FP32, CheckpointPolicy.NONE, TrainingListener.NONE);
        assertThat(report.summary().lastLoss()).isCloseTo(exact.summary().lastLoss(), Percentage.withPercentage(0.1));
        ModelSource source = ModelSource.withAdapter(model, out);
        assertThat(source.visionTower()).isEqualTo(tower);
        // The config of the adapter names the vision tower.
        assertThat(trainFurther(null, WeightDtype.STORED).summary().projector())
                .startsWith(out.resolve("non_lora_trainables.safetensors").toString());
        Path merged = temp.resolve("merged");
        new LoraMerge(model, out, null, SaveType.AS_STORED, Long.MAX_VALUE).writeTo(merged);
        Path image = ModelFolders.IMAGES.resolve("edges_90x60.png");
        try (LlavaModel unmerged = LlavaModel.load(source, source.chatFormat(null), WeightDtype.STORED);
                LlavaModel whole = LlavaModel.load(merged)) {
            assertThat(unmerged.answer(image, "What is it?", 12)).isEqualTo(whole.answer(image, "What is it?", 12));
        }
    }

    /** QLoRA: the frozen decoder is quantized, the tower is in bf16, and A, B and the projector are float32. */
    @ParameterizedTest
    @CsvSource({"Q8, 0.5", "Q4, 5"})
    void stageTrainsAdapterOnQuantizedDecoder(WeightDtype type, double lossPercent) {
        RunReport exact = run(temp.resolve("exact"));
        RunReport report = run(out, type, CheckpointPolicy.NONE, TrainingListener.NONE);
        assertThat(report.summary().lastLoss())
                .isNotEqualTo(exact.summary().lastLoss())
                .isCloseTo(exact.summary().lastLoss(), Percentage.withPercentage(lossPercent));
        ModelSource source = ModelSource.withAdapter(model, out);
        Path image = ModelFolders.IMAGES.resolve("edges_90x60.png");
        try (LlavaModel unmerged = LlavaModel.load(source, source.chatFormat(null), type)) {
            assertThat(unmerged.answer(image, "What is it?", 12)).isNotEmpty();
        }
        Path merged = temp.resolve("merged");
        assertThat(new LoraMerge(model, out, null, SaveType.AS_STORED, Long.MAX_VALUE).writeTo(merged))
                .as("base known")
                .isTrue();
    }

    /** A LLaMA and a tower as transformers 5 writes them, with {@code tokenizer.json} alone. */
    @Test
    void stageTrainsAndMergesFoldersOfTransformers5() {
        model = Golden.path("j_transformers5/llama");
        tower = Golden.path("j_transformers5/clip");
        RunReport report = run(out);
        assertThat(report.summary().steps()).isEqualTo(STEPS);
        Path merged = temp.resolve("merged");
        assertThat(new LoraMerge(model, out, null, SaveType.AS_STORED, Long.MAX_VALUE).writeTo(merged))
                .as("base known")
                .isTrue();
        for (Path folder : List.of(out, merged)) {
            assertThat(folder.resolve("tokenizer.model")).doesNotExist();
            for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
                assertThat(folder.resolve(file)).hasSameBinaryContentAs(model.resolve(file));
            }
        }
        try (SafetensorsFile before = SafetensorsFile.open(model.resolve("model.safetensors"));
                SafetensorsFile after = SafetensorsFile.open(merged.resolve("model.safetensors"))) {
            String up = "model.layers.1.mlp.up_proj.weight";
            assertThat(after.read(up)).isNotEqualTo(before.read(up));
        }
    }

    @Test
    void mergeRejectsOtherBaseByHash() throws IOException {
        run(out);
        Path file = model.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
        LoraMerge merge = new LoraMerge(model, out, null, SaveType.AS_STORED, Long.MAX_VALUE);
        assertThatThrownBy(() -> merge.writeTo(temp.resolve("merged")))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(out + " was trained on a base model whose decoder has hash ")
                .hasMessageEndingWith("give the base model it was trained on");
        assertThat(temp.resolve("merged")).doesNotExist();
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
        assertThat(merge.writeTo(temp.resolve("merged"))).as("base known").isTrue();
        Files.delete(out.resolve("llava4j.json"));
        assertThat(merge.writeTo(temp.resolve("published"))).as("base known").isFalse();
    }

    @ParameterizedTest
    @EnumSource(names = {"FP32", "Q4"})
    void resumedRunUsesSameDropout(WeightDtype frozen) throws IOException {
        Path whole = temp.resolve("whole");
        CheckpointPolicy never = new CheckpointPolicy(temp.resolve("uninterrupted"), 0, 1, ResumeMode.NEVER);
        run(whole, frozen, never, TrainingListener.NONE);
        CheckpointPolicy policy = new CheckpointPolicy(temp.resolve("checkpoints"), 2, 2, ResumeMode.AUTO);
        for (int stop : List.of(2, 3)) {
            assertThat(run(out, frozen, policy, new StopAfter(stop)).stopped()).isNotNull();
        }
        int[] taken = {0};
        RunReport report = run(out, frozen, policy, progress -> taken[0]++);
        assertThat(taken[0]).isEqualTo(STEPS - 3);
        assertThat(report.steps()).hasSize(STEPS);
        for (String name : List.of("adapter_model.safetensors", "non_lora_trainables.safetensors")) {
            assertThat(Files.mismatch(whole.resolve(name), out.resolve(name)))
                    .as(name)
                    .isEqualTo(-1);
        }
        stage = Stages.with(stage, List.of("lora.dropout=0"));
        run(temp.resolve("undropped"), frozen, CheckpointPolicy.NONE, TrainingListener.NONE);
        assertThat(Files.mismatch(
                        whole.resolve("adapter_model.safetensors"),
                        temp.resolve("undropped/adapter_model.safetensors")))
                .as("dropout has an effect")
                .isNotEqualTo(-1);
    }

    @Test
    void adapterIncludesImageStartEndEmbeddings() {
        model = TinyModelFolders.llamaWithSlot(temp.resolve("slot"));
        run(out);
        Path merged = temp.resolve("merged");
        new LoraMerge(model, out, null, SaveType.AS_STORED, Long.MAX_VALUE).writeTo(merged);
        try (SafetensorsFile before = SafetensorsFile.open(model.resolve("model.safetensors"));
                SafetensorsFile after = SafetensorsFile.open(merged.resolve("model.safetensors"))) {
            assertThat(after.read(ImageStartEndEmbeddings.TABLE)).isEqualTo(before.read(ImageStartEndEmbeddings.TABLE));
        }
        trainFurther(tower, WeightDtype.FP32);
        for (Path adapter : List.of(out, temp.resolve("further"))) {
            try (SafetensorsFile others = SafetensorsFile.open(adapter.resolve("non_lora_trainables.safetensors"));
                    SafetensorsFile before = SafetensorsFile.open(model.resolve("model.safetensors"))) {
                assertThat(others.read("base_model.model." + ImageStartEndEmbeddings.TABLE))
                        .isEqualTo(before.read(ImageStartEndEmbeddings.TABLE));
            }
        }
    }

    @Test
    void memoryPlanIncludesLora() {
        assertThatCode(() -> PlanMain.main(new String[] {
                    "--model-path",
                    model.toString(),
                    "--vision-tower",
                    ModelFolders.TOWER.toString(),
                    "--stage",
                    Stages.FINETUNE_LORA,
                    "--max-length",
                    "256"
                }))
                .doesNotThrowAnyException();
    }

    @Test
    void inconsistentSettingsAreRejected() {
        assertRejected("lora.targets=[\".*up_proj.weight\",\"q_proj\"]", "has \"q_proj\", which matches no linear");
        assertRejected("lora.rank=0", "\"rank\" of \"lora\" is 0; give 1 or more");
        assertRejected("lora=null", "which matches no weight of the projector or decoder");
        assertRejected(
                "trainable=[\"model\\\\.mm_projector\\\\..+\"]", "\"lora\" is set, but \"trainable\" does not match");
        assertRejected(
                "trainable=[\"model\\\\.(mm_projector|layers)\\\\..+\"]",
                "also matches model.layers.0.input_layernorm.weight");
    }

    private void assertRejected(String setting, String message) {
        Stage before = stage;
        assertThatThrownBy(() -> {
                    stage = Stages.with(before, List.of(setting));
                    run(out);
                })
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message);
        assertThat(out).doesNotExist();
        stage = before;
    }

    @Test
    void flagsEnableLora() {
        execute("--lora-enable", "--lora-r", "2", "--lora-alpha", "3.5", "--lora-target-modules", ".+up_proj\\.weight");
        Stage run = Stages.load(out.resolve("stage.json"));
        assertThat(run.model().lora().rank()).isEqualTo(2);
        assertThat(run.model().lora().alpha()).isEqualTo(3.5);
        assertThat(run.model().lora().dropout()).isEqualTo(0.05);
        assertThat(run.model().lora().targets()).containsExactly(".+up_proj\\.weight");
        assertThat(run.model().trainable()).containsExactly("model\\.mm_projector\\..+", ".+\\.lora_[AB]\\.weight");
        assertThat(out.resolve("adapter_model.safetensors")).exists();
    }

    @Test
    void flagWithoutLoraIsRejected() {
        assertThatThrownBy(() -> execute("--lora-r", "2"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessage("finetune: --lora-r has no effect on a stage without LoRA; enable it (--lora-enable) or"
                        + " use --stage finetune-lora");
    }

    private void execute(String... flags) {
        List<String> all = new ArrayList<>(List.of("--model-path", model.toString()));
        all.addAll(List.of("--vision-tower", ModelFolders.TOWER.toString()));
        all.addAll(List.of("--data-path", Golden.path("f_e2e/finetune.json").toString()));
        all.addAll(List.of("--image-folder", ModelFolders.IMAGES.toString()));
        all.addAll(List.of("--output-dir", out.toString(), "--fresh-projector", "--max-steps", "2"));
        all.addAll(List.of("--gradient-accumulation-steps", "1"));
        all.addAll(List.of(flags));
        new StageMain(Stages.FINETUNE).execute(all.toArray(String[]::new));
    }
}
