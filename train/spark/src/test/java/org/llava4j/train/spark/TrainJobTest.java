package org.llava4j.train.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.BatchPlan;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.spark.LoopbackCluster;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.testing.ShortStage;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.RunStart;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.run.CheckpointPolicy;
import org.llava4j.train.run.CheckpointPolicy.ResumeMode;
import org.llava4j.train.run.GradientExecutor;
import org.llava4j.train.run.GradientWorker;
import org.llava4j.train.run.RunOptions;
import org.llava4j.train.run.RunPaths;
import org.llava4j.train.run.RunReport;
import org.llava4j.train.run.StageRunner;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A stage on a Spark master and two workers gives the same result as on one machine. */
@Tag("spark")
class TrainJobTest {
    private static final int STEPS = 6;
    private static final List<String> SHORT = ShortStage.settings(4, STEPS);

    @TempDir
    private static Path shared;

    private static LoopbackCluster cluster;
    private static JavaSparkContext spark;

    @TempDir
    private Path temp;

    private Path model;
    private Path tower = ModelFolders.TOWER;

    @BeforeAll
    static void begin() throws Exception {
        cluster = new LoopbackCluster(Files.createDirectory(shared.resolve("cluster")), 2);
        spark = new JavaSparkContext(cluster.conf("training"));
    }

    @AfterAll
    static void end() {
        spark.close();
        cluster.close();
    }

    @BeforeEach
    void createModel() {
        model = ModelFolders.llama(temp.resolve("model"));
    }

    /** Recorded callbacks of a run. */
    private static class RecordingListener implements TrainingListener {
        final List<String> notices = new ArrayList<>();
        final List<Double> losses = new ArrayList<>();

        @Override
        public void stepDone(Progress progress) {
            losses.add(progress.step().loss());
        }

        @Override
        public void notice(String line) {
            notices.add(line);
        }
    }

    private RunPaths paths(String data, String out) {
        return RunPaths.of(model, Golden.path("f_e2e/" + data), ModelFolders.IMAGES, temp.resolve(out))
                .withVisionTower(tower);
    }

    private RunReport run(
            Stage stage, RunPaths paths, CheckpointPolicy policy, TrainingListener listener, GradientExecutor place) {
        return StageRunner.run(stage, paths, RunOptions.DEFAULT.withCheckpointPolicy(policy), listener, place);
    }

    private CheckpointPolicy policy(String folder, ResumeMode resume) {
        return new CheckpointPolicy(temp.resolve(folder), 1, 20, resume);
    }

    private static Stage pretrain() {
        return Stages.with(Stages.named(Stages.PRETRAIN), SHORT);
    }

    static void assertClose(Path file, Path other) {
        try (SafetensorsFile weights = SafetensorsFile.open(file);
                SafetensorsFile expected = SafetensorsFile.open(other)) {
            assertThat(weights.tensors().keySet()).isEqualTo(expected.tensors().keySet());
            for (String name : expected.tensors().keySet()) {
                try (INDArray own = weights.read(name);
                        INDArray theirs = expected.read(name)) {
                    assertThat(Golden.relativeError(own, theirs)).as(name).isLessThan(1e-5);
                }
            }
        }
    }

    /** With {@code tokenizer.model}, and with folders of transformers 5, which have {@code tokenizer.json} alone. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void twoExecutorsMatchGradientAccumulation(boolean transformers5) {
        if (transformers5) {
            model = Golden.path("j_transformers5/llama");
            tower = Golden.path("j_transformers5/clip");
        }
        RecordingListener here = new RecordingListener();
        run(pretrain(), paths("pretrain.json", "here"), policy("a", ResumeMode.NEVER), here, GradientExecutor.LOCAL);
        RecordingListener there = new RecordingListener();
        RunReport report = run(
                pretrain(),
                paths("pretrain.json", "there"),
                policy("b", ResumeMode.NEVER),
                there,
                new SparkGradientExecutor(spark));
        assertThat(there.notices).contains("gradients are computed by 2 executors");
        assertThat(report.summary().steps()).isEqualTo(STEPS);
        assertThat(there.losses).hasSameSizeAs(here.losses);
        for (int i = 0; i < STEPS; i++) {
            assertThat(Math.abs(there.losses.get(i) / here.losses.get(i) - 1)).isLessThan(1e-5);
        }
        assertClose(temp.resolve("there/mm_projector.safetensors"), temp.resolve("here/mm_projector.safetensors"));
    }

    /** The stage groups samples by modality. Also from an existing adapter, which each executor loads. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void loraDropoutMatchesLocalRun(boolean packing) {
        Stage lora = Stages.with(
                Stages.with(
                        Stages.named(Stages.FINETUNE_LORA),
                        ShortStage.settings(3, STEPS, "learningRate=1e-3", "padToMultipleOf=1", "packing=" + packing)),
                Map.of(
                        "lora",
                        Map.of(
                                "rank",
                                4,
                                "alpha",
                                8,
                                "dropout",
                                0.2,
                                "targets",
                                List.of("model\\.layers\\..+_proj\\.weight"))));
        requireSameAdapter(lora, null, "here", "there");
        requireSameAdapter(lora, temp.resolve("here"), "further-here", "further-there");
    }

    /** Trains an adapter on one machine and on the cluster, and compares the results. */
    private void requireSameAdapter(Stage stage, @Nullable Path start, String here, String there) {
        run(
                stage,
                paths("finetune.json", here).withAdapter(start),
                policy(here + "-saved", ResumeMode.NEVER),
                new RecordingListener(),
                GradientExecutor.LOCAL);
        run(
                stage,
                paths("finetune.json", there).withAdapter(start),
                policy(there + "-saved", ResumeMode.NEVER),
                new RecordingListener(),
                new SparkGradientExecutor(spark));
        for (String file : List.of("adapter_model.safetensors", "non_lora_trainables.safetensors")) {
            assertClose(temp.resolve(there).resolve(file), temp.resolve(here).resolve(file));
        }
    }

    /** Stopped on a cluster and resumed on one machine, and vice versa. */
    @Test
    void runResumesAcrossExecutors() {
        run(
                pretrain(),
                paths("pretrain.json", "here"),
                policy("a", ResumeMode.NEVER),
                new RecordingListener(),
                GradientExecutor.LOCAL);
        for (boolean clusterFirst : List.of(true, false)) {
            String name = clusterFirst ? "first-there" : "first-here";
            CheckpointPolicy policy = policy(name + "-saved", ResumeMode.AUTO);
            TrainingListener stops = new RecordingListener() {
                @Override
                public boolean shouldStop() {
                    return losses.size() == STEPS / 2;
                }
            };
            GradientExecutor[] executors = clusterFirst
                    ? new GradientExecutor[] {new SparkGradientExecutor(spark), GradientExecutor.LOCAL}
                    : new GradientExecutor[] {GradientExecutor.LOCAL, new SparkGradientExecutor(spark)};
            RunReport half = run(pretrain(), paths("pretrain.json", name), policy, stops, executors[0]);
            assertThat(half.stopped()).startsWith("stopped after step " + STEPS / 2);
            RecordingListener rest = new RecordingListener();
            run(pretrain(), paths("pretrain.json", name), policy, rest, executors[1]);
            assertThat(rest.losses).hasSize(STEPS / 2);
            assertClose(
                    temp.resolve(name).resolve("mm_projector.safetensors"),
                    temp.resolve("here/mm_projector.safetensors"));
        }
    }

    @Test
    void decoderStageIsRejectedWithTransferSize() {
        Stage finetune = Stages.with(Stages.named(Stages.FINETUNE), SHORT);
        assertThatThrownBy(() -> run(
                        finetune,
                        paths("finetune.json", "there"),
                        CheckpointPolicy.NONE,
                        TrainingListener.NONE,
                        new SparkGradientExecutor(spark)))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("the stage finetune trains 333,")
                .hasMessageContaining("1 MB of weights and send 1 MB of gradients")
                .hasMessageEndingWith("train LoRA on the cluster (--stage finetune-lora), or the decoder on one machine"
                        + " (the commands finetune and finetune-scienceqa)");
        assertThat(temp.resolve("there")).doesNotExist();
    }

    /** As with a file that is another one on the executors: they load the model after the driver. */
    @ParameterizedTest
    @ValueSource(strings = {"model", "tower"})
    void otherWeightsOnExecutorsAreRefused(String changed) throws IOException {
        tower = copy(ModelFolders.TOWER, temp.resolve("tower"));
        Path weights = temp.resolve(changed).resolve("model.safetensors");
        TrainingListener replacing = new RecordingListener() {
            @Override
            public void trainingStarted(RunStart start) {
                flipLastBit(weights);
            }
        };
        assertThatThrownBy(() -> run(
                        pretrain(),
                        paths("pretrain.json", "there"),
                        CheckpointPolicy.NONE,
                        replacing,
                        new SparkGradientExecutor(spark)))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("an executor loaded another model than the driver: ")
                .hasMessageContaining(changed.equals("model") ? "\"frozen weights\" was " : "\"vision tower\" was ")
                .hasMessageEndingWith("give both the same files (on an executor)");
        assertThat(temp.resolve("there")).doesNotExist();
    }

    @Test
    void otherImageOnExecutorIsRefused() throws IOException {
        Path images = copy(ModelFolders.IMAGES, temp.resolve("images"));
        Stage stage = pretrain();
        RunPaths paths = RunPaths.of(model, Golden.path("f_e2e/pretrain.json"), images, temp.resolve("there"))
                .withVisionTower(tower);
        GradientWorker worker = GradientWorker.load(stage, paths, RunOptions.DEFAULT, true, text -> {});
        Path image = images.resolve("rgb_48x64.png");
        List<String> driver = worker.imageHashes(List.of(image, images.resolve("none.png")));
        assertThat(driver.get(1)).isEmpty();
        requireSameImages(worker, driver.get(0), image);
        requireSameImages(worker, "", image);
        Files.copy(images.resolve("rgb_64x48.png"), image, StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> requireSameImages(worker, driver.get(0), image))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(image + " has another content than on the driver");
    }

    private static void requireSameImages(GradientWorker worker, String driver, Path image) {
        BatchLayout layout = BatchLayout.collate(
                List.of(new EncodedSample(new int[] {1, 2}, new int[] {1, 2})),
                new int[] {0},
                new CollatorOptions(1, 10, 8, CollatorOptions.PaddingSide.RIGHT, 1, null));
        ExecutorBatches.NumberedBatch batch = ExecutorBatches.NumberedBatch.of(
                0, new BatchPlan(layout, List.of(image), List.of()), images -> List.of(driver));
        batch.requireSameImages(worker);
    }

    private static Path copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
        return to;
    }

    private static void flipLastBit(Path file) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            bytes[bytes.length - 1] ^= 1;
            Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void missingImageFailsInOneLine() throws IOException {
        Path data = Files.writeString(
                temp.resolve("data.json"),
                Files.readString(Golden.path("f_e2e/pretrain.json"))
                        .replace(".jpg", ".gone")
                        .replace(".png", ".gone"));
        RunPaths paths = RunPaths.of(model, data, ModelFolders.IMAGES, temp.resolve("there"))
                .withVisionTower(ModelFolders.TOWER);
        Stage strict = Stages.with(pretrain(), Map.of("maxBadSamples", 0));
        assertThatThrownBy(() -> run(
                        strict, paths, CheckpointPolicy.NONE, TrainingListener.NONE, new SparkGradientExecutor(spark)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(".gone")
                .hasMessageEndingWith("(on an executor)");
    }
}
