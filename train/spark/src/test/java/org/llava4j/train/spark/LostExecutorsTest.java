package org.llava4j.train.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.spark.LoopbackCluster;
import org.llava4j.data.spark.SparkJob;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.testing.ShortStage;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.run.CheckpointPolicy;
import org.llava4j.train.run.GradientExecutor;
import org.llava4j.train.run.RunOptions;
import org.llava4j.train.run.RunPaths;
import org.llava4j.train.run.RunReport;
import org.llava4j.train.run.StageRunner;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/** A worker that is killed during a step, and a driver that is killed and restarted. */
@Tag("spark")
class LostExecutorsTest {
    private static final int STEPS = 8;
    private static final List<String> FLAGS = List.of(
            "--fresh-projector",
            "--max-steps",
            String.valueOf(STEPS),
            "--per-device-train-batch-size",
            "2",
            "--gradient-accumulation-steps",
            "4",
            "--model-max-length",
            "256");

    @TempDir
    private Path temp;

    private Path model;

    @BeforeEach
    void createModel() {
        model = ModelFolders.llama(temp.resolve("model"));
    }

    private RunPaths paths(String out) {
        return RunPaths.of(model, Golden.path("f_e2e/pretrain.json"), ModelFolders.IMAGES, temp.resolve(out))
                .withVisionTower(ModelFolders.TOWER);
    }

    @Test
    void runContinuesWithRemainingExecutors() throws Exception {
        Stage stage = Stages.with(Stages.named(Stages.PRETRAIN), ShortStage.settings(4, STEPS));
        RunOptions options = RunOptions.DEFAULT.withCheckpointPolicy(
                new CheckpointPolicy(temp.resolve("saved"), 0, 2, CheckpointPolicy.ResumeMode.NEVER));
        RunReport here = StageRunner.run(stage, paths("here"), options, TrainingListener.NONE, GradientExecutor.LOCAL);
        List<String> notices = new ArrayList<>();
        try (LoopbackCluster cluster = new LoopbackCluster(Files.createDirectory(temp.resolve("cluster")), 2);
                JavaSparkContext spark = new JavaSparkContext(cluster.conf("lost worker"))) {
            TrainingListener killer = new TrainingListener() {
                @Override
                public void stepDone(Progress progress) {}

                @Override
                public void stepStarted(int epoch, int step) {
                    if (step == STEPS / 2) {
                        // During this step, when its first tasks are running.
                        new Thread(() -> killAfter(50, cluster)).start();
                    }
                }

                @Override
                public void notice(String line) {
                    notices.add(line);
                }
            };
            RunReport report =
                    StageRunner.run(stage, paths("there"), options, killer, new SparkGradientExecutor(spark));
            assertThat(report.summary().steps()).isEqualTo(STEPS);
            assertThat(report.summary().samples()).isEqualTo(here.summary().samples());
        }
        assertThat(notices)
                .filteredOn(notice -> notice.contains("retrying step "))
                .isNotEmpty();
        assertThat(notices).contains("gradients are computed by 2 executors", "gradients are computed by 1 executor");
        TrainJobTest.assertClose(
                temp.resolve("there/mm_projector.safetensors"), temp.resolve("here/mm_projector.safetensors"));
    }

    private static void killAfter(int millis, LoopbackCluster cluster) {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        cluster.killWorker(0);
    }

    /** The driver in a separate JVM, as with spark-submit. */
    @Test
    void killedDriverResumesToIdenticalOutput() throws Exception {
        try (LoopbackCluster cluster = new LoopbackCluster(Files.createDirectory(temp.resolve("cluster")), 2)) {
            Process whole = drive(cluster, "whole");
            assertThat(whole.waitFor()).as(log("whole")).isZero();
            Process killed = drive(cluster, "there");
            Path checkpoints = temp.resolve("there.checkpoints");
            while (killed.isAlive() && count(checkpoints) < 2) {
                killed.waitFor(5, TimeUnit.MILLISECONDS);
            }
            killed.destroyForcibly().waitFor();
            assertThat(temp.resolve("there")).doesNotExist();
            Process restarted = drive(cluster, "there", "--resume", "auto");
            assertThat(restarted.waitFor()).as(log("there")).isZero();
            assertThat(log("there")).contains("resuming from " + checkpoints);
        }
        assertThat(Files.readAllBytes(temp.resolve("there/mm_projector.safetensors")))
                .isEqualTo(Files.readAllBytes(temp.resolve("whole/mm_projector.safetensors")));
    }

    private String log(String out) throws IOException {
        return Files.readString(temp.resolve(out + ".log"), StandardCharsets.UTF_8);
    }

    private static long count(Path checkpoints) throws IOException {
        if (!Files.isDirectory(checkpoints)) {
            return 0;
        }
        try (Stream<Path> files = Files.list(checkpoints)) {
            return files.filter(file -> file.getFileName().toString().startsWith("checkpoint-"))
                    .count();
        }
    }

    /** Main class for spark-submit. */
    static final class Driver {
        private Driver() {}

        public static void main(String[] args) {
            SparkJob.run("training", spark -> TrainJob.run(spark, args[0], Arrays.copyOfRange(args, 1, args.length)));
        }
    }

    private Process drive(LoopbackCluster cluster, String out, String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "pretrain",
                "--model-path",
                model.toString(),
                "--vision-tower",
                ModelFolders.TOWER.toString(),
                "--data-path",
                Golden.path("f_e2e/pretrain.json").toString(),
                "--image-folder",
                ModelFolders.IMAGES.toString(),
                "--output-dir",
                temp.resolve(out).toString(),
                "--save-steps",
                "1"));
        arguments.addAll(FLAGS);
        arguments.addAll(List.of(more));
        return cluster.drive(Driver.class, temp.resolve(out + ".log"), arguments);
    }
}
