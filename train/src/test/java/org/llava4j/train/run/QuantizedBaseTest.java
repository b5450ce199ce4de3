package org.llava4j.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.config.LlavaConfig.SelectFeature;
import org.llava4j.model.folder.Assembly;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.folder.Export;
import org.llava4j.model.folder.ModelManifest;
import org.llava4j.model.folder.ModelSource;
import org.llava4j.model.folder.SaveType;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.weights.CheckpointLayout;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.testing.ShortStage;
import org.llava4j.train.Trainer;
import org.llava4j.train.command.PlanMain;
import org.llava4j.train.command.StageMain;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/** LoRA stages on model folders that {@code export} quantized. */
class QuantizedBaseTest {
    private static final Path IMAGE = ModelFolders.IMAGES.resolve("edges_90x60.png");

    @TempDir
    private Path temp;

    private Path llama;
    private Path original;
    private Path model;
    private Path out;
    private Stage stage;

    @BeforeEach
    void assembleModel() {
        original = temp.resolve("original");
        model = temp.resolve("quantized");
        out = temp.resolve("out");
        llama = ModelFolders.llama(temp.resolve("llama"));
        assemble(ProjectorType.LINEAR, Golden.path("f_e2e/stage1_out/mm_projector.bin"));
        Map<String, Object> lora = Map.of("rank", 4, "alpha", 8, "dropout", 0.1, "targets", LoraConfig.ALL_LINEAR);
        stage = Stages.with(
                Stages.with(Stages.named(Stages.FINETUNE_LORA), Map.of("lora", lora)),
                ShortStage.settings(1, 3, "learningRate=1e-2", "freshProjector=false"));
    }

    private void assemble(ProjectorType type, @Nullable Path projector) {
        new Assembly(
                        llama,
                        ModelFolders.TOWER,
                        new Assembly.ProjectorOptions(type, projector, 0),
                        new Assembly.FeatureOptions(-2, SelectFeature.PATCH, false),
                        Assembly.AddedImageTokens.NONE,
                        256,
                        SaveType.AS_STORED,
                        Long.MAX_VALUE)
                .writeTo(original);
    }

    private void quantize(WeightDtype dtype, CheckpointLayout layout) {
        new Export(original, null, null, new WriteOptions(layout, 1 << 20, dtype), SaveType.AS_STORED, null)
                .writeTo(model);
    }

    private Path floatProjector() {
        return model.resolve("mm_projector.safetensors");
    }

    private RunReport train(
            Path base, @Nullable Path tower, @Nullable Path projector, WeightDtype frozen, Path output) {
        RunPaths paths = RunPaths.of(base, Golden.path("f_e2e/finetune.json"), ModelFolders.IMAGES, output)
                .withVisionTower(tower)
                .withProjector(projector);
        return StageRunner.run(stage, paths, RunOptions.DEFAULT.withFrozenDtype(frozen), TrainingListener.NONE);
    }

    /** The run on the folder is the run that quantizes the original while loading, bit for bit. */
    @ParameterizedTest
    @EnumSource(names = {"Q8", "Q4"})
    void runEqualsRunThatQuantizesWhileLoading(WeightDtype dtype) {
        quantize(dtype, CheckpointLayout.LLAVA);
        Path expected = temp.resolve("expected");
        RunReport loading = train(original, ModelFolders.TOWER, null, dtype, expected);
        RunReport stored = train(model, ModelFolders.TOWER, floatProjector(), dtype, out);
        assertThat(stored.steps())
                .extracting(Trainer.Step::loss)
                .isEqualTo(loading.steps().stream().map(Trainer.Step::loss).toList());
        for (String file : List.of("adapter_model.safetensors", "non_lora_trainables.safetensors")) {
            assertThat(out.resolve(file)).hasSameBinaryContentAs(expected.resolve(file));
        }
        assertThat(ModelManifest.read(out).base())
                .isNotNull()
                .isEqualTo(ModelManifest.read(expected).base());
        assertThat(JsonInput.readObject(out.resolve("config.json")).has("quantization_config"))
                .isFalse();
    }

    /** Also on the original, from which the folder was quantized. */
    @Test
    void adapterRunsOnBothBasesAndTrainsFurther() {
        quantize(WeightDtype.Q4, CheckpointLayout.LLAVA);
        train(model, null, floatProjector(), WeightDtype.Q4, out);
        for (Path base : List.of(model, original)) {
            ModelSource source = ModelSource.withAdapter(base, out);
            try (LlavaModel adapted = LlavaModel.load(source, source.chatFormat(null), source.storedDtype())) {
                assertThat(adapted.answer(IMAGE, "What is it?", 4)).isNotEmpty();
            }
        }
        RunPaths paths = RunPaths.of(
                        model, Golden.path("f_e2e/finetune.json"), ModelFolders.IMAGES, temp.resolve("more"))
                .withAdapter(out);
        RunReport further = StageRunner.run(
                stage, paths, RunOptions.DEFAULT.withFrozenDtype(WeightDtype.Q4), TrainingListener.NONE);
        assertThat(further.summary().projector())
                .startsWith(out.resolve("non_lora_trainables").toString());
    }

    /** Without a flag, the frozen weights are in the dtype of the folder. */
    @Test
    void commandsTrainAndPlanInStoredDtype() {
        quantize(WeightDtype.Q4, CheckpointLayout.LLAVA);
        execute("--pretrain-mm-mlp-adapter", floatProjector());
        assertThat(JsonInput.readObject(out.resolve("run.json"))
                        .path("identity")
                        .path("frozen-dtype")
                        .textValue())
                .isEqualTo("q4");
        assertThat(plan("--stage", "finetune-lora")).contains("frozen matrices in q4");
        assertThat(plan("--stage", "finetune-lora", "--frozen-dtype", "stored")).contains("frozen matrices");
        assertThatThrownBy(() -> plan("--stage", "finetune")).hasMessageContaining("on which only LoRA can be trained");
        assertThatThrownBy(() -> plan("--stage", "finetune-lora", "--bits", "8"))
                .hasMessageContaining("but the dtype of frozen weights is q8; give --frozen-dtype q4 or leave it out");
    }

    private String plan(String... flags) {
        List<String> all = new ArrayList<>(List.of("--model-path", model.toString(), "--max-length", "256"));
        all.addAll(List.of(flags));
        PrintStream console = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            PlanMain.main(all.toArray(String[]::new));
        } finally {
            System.setOut(console);
        }
        return printed.toString(StandardCharsets.UTF_8);
    }

    @Test
    void storedIsAccepted() {
        quantize(WeightDtype.Q8, CheckpointLayout.LLAVA);
        RunReport stored = train(model, ModelFolders.TOWER, floatProjector(), WeightDtype.STORED, out);
        assertThat(stored.summary().steps()).isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--frozen-dtype fp32 | holds q4 weights, which stay as they are under LoRA, but the dtype of frozen weights"
                        + " is fp32; give --frozen-dtype q4 or leave it out, or train on the original model",
                "--frozen-dtype bf16 | but the dtype of frozen weights is bf16",
                "--bits 8 | but the dtype of frozen weights is q8",
                "--stage finetune | holds q4 weights, on which only LoRA can be trained (--stage finetune-lora); train all"
                        + " weights in the original model and export the result",
                "--stage pretrain | holds q4 weights, on which only LoRA can be trained",
                "--seed 1 | model.mm_projector.weight is trained, but %s holds it quantized; start from its floating-point values"
                        + " with --pretrain-mm-mlp-adapter %s/mm_projector.safetensors",
            })
    void trainingOfQuantizedWeightsIsRejected(String flags, String message) {
        quantize(WeightDtype.Q4, CheckpointLayout.LLAVA);
        assertThatThrownBy(() -> execute((Object[]) flags.split(" ")))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining(message.replace("%s", model.toString()))
                .hasMessageNotContaining("\n");
        assertThat(out).doesNotExist();
    }

    @Test
    void projectorOfHfLayoutIsRejectedWithAdvice() {
        assemble(ProjectorType.MLP2X_GELU, null);
        quantize(WeightDtype.Q8, CheckpointLayout.LLAVA_HF);
        assertThatThrownBy(() -> train(model, null, null, WeightDtype.Q8, out))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(
                        "holds it quantized; start from its floating-point values with --pretrain-mm-mlp-adapter FILE"
                                + " (export --only-projector writes it from the original model)");
        assertThat(train(model, null, original.resolve("mm_projector.safetensors"), WeightDtype.Q8, out)
                        .summary()
                        .steps())
                .isEqualTo(3);
    }

    private void execute(Object... flags) {
        List<Object> all = new ArrayList<>(List.of("--model-path", model, "--image-folder", ModelFolders.IMAGES));
        all.addAll(List.of("--data-path", Golden.path("f_e2e/finetune.json"), "--output-dir", out, "--max-steps", 2));
        all.addAll(List.of("--per-device-train-batch-size", 2, "--model-max-length", 256));
        all.addAll(List.of("--gradient-accumulation-steps", 1));
        all.addAll(List.of(flags));
        new StageMain(Stages.FINETUNE_LORA)
                .execute(all.stream().map(String::valueOf).toArray(String[]::new));
    }
}
