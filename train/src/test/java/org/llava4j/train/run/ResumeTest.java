package org.llava4j.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.testing.ShortStage;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.run.CheckpointPolicy.ResumeMode;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/** An interrupted and resumed run produces output identical to an uninterrupted one. */
class ResumeTest {
    private static final int STEPS = 9;

    @TempDir
    private Path temp;

    private Path model;
    private Path data;
    private Path whole;
    private Path checkpoints;
    private Stage stage;
    private RunOptions options = RunOptions.DEFAULT;

    @BeforeEach
    void runWithoutInterruption() throws IOException {
        model = ModelFolders.llama(temp.resolve("model"));
        data = Files.copy(Golden.path("f_e2e/finetune.json"), temp.resolve("data.json"));
        // Two forward passes per step, and an epoch ends during the run.
        stage = Stages.with(Stages.named(Stages.FINETUNE), ShortStage.settings(2, STEPS, "learningRate=1e-3"));
        whole = temp.resolve("whole");
        checkpoints = temp.resolve("checkpoints");
        run(whole, new CheckpointPolicy(temp.resolve("unused"), 0, 1, ResumeMode.NEVER), TrainingListener.NONE);
    }

    @Test
    void resumedRunIsIdentical() throws IOException {
        Path out = temp.resolve("out");
        for (int stop : List.of(3, 4, 8)) {
            assertThat(run(out, policy(ResumeMode.AUTO), new StopAfter(stop)).stopped())
                    .isEqualTo("stopped after step " + stop + " of 9; a checkpoint is written, resume from it with"
                            + " --resume auto");
            assertThat(out).doesNotExist();
        }
        List<String> notices = new ArrayList<>();
        RunReport report = run(out, policy(ResumeMode.AUTO), new Notices(notices));
        assertThat(report.steps()).hasSize(STEPS);
        assertThat(report.summary().steps()).isEqualTo(STEPS);
        assertThat(notices).containsExactly("resuming from " + checkpoints.resolve("checkpoint-00000008"));
        assertSameModel(out);
        assertThat(Files.readAllLines(out.resolve("metrics.jsonl"))).hasSize(STEPS);
    }

    @Test
    void resumeSkipsCorruptCheckpoint() throws IOException {
        Path out = temp.resolve("out");
        assertThat(run(out, policy(ResumeMode.AUTO), new StopAfter(6)).stopped())
                .isNotNull();
        Path newest = checkpoints.resolve("checkpoint-00000006/optimizer.safetensors");
        byte[] bytes = Files.readAllBytes(newest);
        bytes[bytes.length - 7] ^= 1;
        Files.write(newest, bytes);
        List<String> notices = new ArrayList<>();
        run(out, policy(ResumeMode.AUTO), new Notices(notices));
        assertThat(notices).hasSize(2);
        assertThat(notices.get(0))
                .contains("checkpoint-00000006 is not a valid checkpoint")
                .contains("optimizer.safetensors was modified");
        assertThat(notices.get(1)).endsWith("checkpoint-00000004");
        assertSameModel(out);
        assertThat(newest).as("an invalid checkpoint is never changed").hasBinaryContent(bytes);
    }

    /** Resume, save and retention use the same list of valid checkpoints. */
    @Test
    void invalidCheckpointFoldersDoNotEndRun() throws IOException {
        Path out = temp.resolve("out");
        assertThat(run(out, new CheckpointPolicy(checkpoints, 1, 9, ResumeMode.AUTO), new StopAfter(7))
                        .stopped())
                .isNotNull();
        Files.write(checkpoint(1).resolve("state.json"), new byte[0]);
        Files.delete(checkpoint(2).resolve("state.json"));
        AtomicFolder.delete(checkpoint(3));
        Files.createDirectory(checkpoint(3));
        AtomicFolder.delete(checkpoint(4));
        Files.writeString(checkpoint(4), "a file");
        Files.createSymbolicLink(checkpoint(8), checkpoint(8));
        Files.delete(checkpoint(7).resolve("llava4j.json"));
        List<Path> broken =
                IntStream.of(1, 2, 3, 4, 7, 8).mapToObj(this::checkpoint).toList();
        List<String> notices = new ArrayList<>();
        run(out, new CheckpointPolicy(checkpoints, 1, 2, ResumeMode.AUTO), new Notices(notices));
        assertThat(notices).hasSize(7);
        for (int i = 0; i < 6; i++) {
            assertThat(notices.get(i)).startsWith(broken.get(i) + " is not a valid checkpoint");
        }
        assertThat(notices.get(6)).isEqualTo("resuming from " + checkpoint(6));
        assertSameModel(out);
        assertThat(broken).allMatch(path -> Files.exists(path, LinkOption.NOFOLLOW_LINKS));
        assertThat(checkpoint(2)).isDirectoryNotContaining("glob:**state.json");
        assertThat(checkpoint(4)).hasContent("a file");
        assertThat(checkpoints.resolve("checkpoint-00000007-2")).isDirectory();
        assertThat(checkpoints.resolve("checkpoint-00000008-2")).isDirectory();
        assertThat(checkpoint(6)).as("only two are kept").doesNotExist();
        notices.clear();
        run(temp.resolve("again"), new CheckpointPolicy(checkpoints, 0, 2, ResumeMode.AUTO), new Notices(notices));
        assertThat(notices).last().isEqualTo("resuming from " + checkpoints.resolve("checkpoint-00000008-2"));
        assertSameModel(temp.resolve("again"));
    }

    private Path checkpoint(int step) {
        return checkpoints.resolve(String.format("checkpoint-%08d", step));
    }

    @Test
    void lastCheckpointsAreKept() {
        run(temp.resolve("out"), new CheckpointPolicy(checkpoints, 2, 2, ResumeMode.ASK), TrainingListener.NONE);
        assertThat(checkpoints.resolve("checkpoint-00000004")).doesNotExist();
        assertThat(checkpoints.resolve("checkpoint-00000006")).isDirectory();
        assertThat(checkpoints.resolve("checkpoint-00000008")).isDirectory();
        assertThatThrownBy(() -> run(temp.resolve("out"), policy(ResumeMode.ASK), TrainingListener.NONE))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(
                        "the last is checkpoint-00000008; resume from it (--resume auto), or remove them");
        run(temp.resolve("out"), new CheckpointPolicy(checkpoints, 0, 2, ResumeMode.NEVER), TrainingListener.NONE);
        assertThat(checkpoints.resolve("checkpoint-00000008")).doesNotExist();
    }

    @Test
    void resumeRejectsCheckpointsOfAnotherRun() throws IOException {
        Path out = temp.resolve("out");
        assertThat(run(out, policy(ResumeMode.AUTO), new StopAfter(3)).stopped())
                .isNotNull();
        Stage before = stage;
        stage = Stages.with(stage, Map.of("learningRate", 2e-3, "perDeviceTrainBatchSize", 3));
        assertThatThrownBy(() -> run(out, policy(ResumeMode.AUTO), TrainingListener.NONE))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(
                        "\"learningRate\" was 0.001 and is 0.002; \"perDeviceTrainBatchSize\" was 2 and is 3");
        stage = before;
        Files.writeString(data, Files.readString(data) + " ");
        assertThatThrownBy(() -> run(out, policy(ResumeMode.AUTO), TrainingListener.NONE))
                .hasMessageContaining("belongs to another run: \"data source 1\" was sha256 ");
        Files.copy(Golden.path("f_e2e/finetune.json"), data, StandardCopyOption.REPLACE_EXISTING);
        byte[] weights = Files.readAllBytes(model.resolve("model.safetensors"));
        weights[weights.length - 1] ^= 1;
        Files.write(model.resolve("model.safetensors"), weights);
        assertThatThrownBy(() -> run(out, policy(ResumeMode.AUTO), TrainingListener.NONE))
                .hasMessageContaining("belongs to another run: \"weights of model model.safetensors\" was sha256 ");
        assertThat(checkpoints.resolve("checkpoint-00000003")).isDirectory();
    }

    /** The remains of a run that was killed while removing an old checkpoint. */
    @Test
    void partlyRemovedCheckpointIsDeleted() throws IOException {
        Path out = temp.resolve("out");
        assertThat(run(out, policy(ResumeMode.AUTO), new StopAfter(6)).stopped())
                .isNotNull();
        Path half = checkpoints.resolve(".checkpoint-00000002.1f.old");
        Files.move(checkpoints.resolve("checkpoint-00000002"), half);
        Files.delete(half.resolve("state.json"));
        run(out, policy(ResumeMode.AUTO), TrainingListener.NONE);
        assertThat(half).doesNotExist();
        assertSameModel(out);
    }

    @Test
    void unwritableLogFailsBeforeFirstStep() throws IOException {
        Files.createDirectories(checkpoints.resolve("metrics.jsonl/in the way"));
        assertThatThrownBy(() -> run(temp.resolve("out"), policy(ResumeMode.AUTO), TrainingListener.NONE))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("cannot write " + checkpoints.resolve("metrics.jsonl"));
        assertThat(temp.resolve("out")).doesNotExist();
    }

    @Test
    void secondRunOnSameCheckpointsIsRejected() {
        TrainingListener second = new TrainingListener() {
            @Override
            public void stepDone(Progress progress) {
                run(temp.resolve("second"), policy(ResumeMode.AUTO), TrainingListener.NONE);
            }
        };
        assertThatThrownBy(() -> run(temp.resolve("out"), policy(ResumeMode.AUTO), second))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("is being written by another run");
    }

    @Test
    void resumeMayEnableGradientCheckpointing() throws IOException {
        Path out = temp.resolve("out");
        assertThat(run(out, policy(ResumeMode.AUTO), new StopAfter(3)).stopped())
                .isNotNull();
        options = options.withGradientCheckpointing(true);
        run(out, policy(ResumeMode.AUTO), TrainingListener.NONE);
        assertSameModel(out);
    }

    private RunReport run(Path output, CheckpointPolicy policy, TrainingListener listener) {
        RunPaths paths = RunPaths.of(model, data, ModelFolders.IMAGES, output).withVisionTower(ModelFolders.TOWER);
        return StageRunner.run(stage, paths, options.withCheckpointPolicy(policy), listener);
    }

    private CheckpointPolicy policy(ResumeMode resume) {
        return new CheckpointPolicy(checkpoints, 2, 3, resume);
    }

    private void assertSameModel(Path out) throws IOException {
        for (String name : List.of("model.safetensors", "mm_projector.safetensors", "config.json")) {
            assertThat(Files.mismatch(whole.resolve(name), out.resolve(name)))
                    .as(name)
                    .isEqualTo(-1);
        }
    }

    private record Notices(List<String> lines) implements TrainingListener {
        @Override
        public void stepDone(Progress progress) {
            // Only notices matter.
        }

        @Override
        public void notice(String line) {
            lines.add(line);
        }
    }
}
