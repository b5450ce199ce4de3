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
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.testing.ShortStage;
import org.llava4j.train.command.StageMain;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.ProgressLine;
import org.llava4j.train.logging.StatusLine;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.plan.MachineMemory;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/** Memory check of a run before it reads weights. */
class StageMemoryTest {
    /** A sequence length that does not fit on any machine. */
    private static final String HUGE_LENGTH = "16777216";

    @TempDir
    private Path temp;

    private Path model;
    private final Path data = Golden.path("f_e2e/pretrain.json");
    private Path output;

    @BeforeEach
    void createModelAndData() {
        model = ModelFolders.llama(temp.resolve("model"));
        output = temp.resolve("out");
    }

    @Test
    void fittingRunReportsItsMemory() {
        assertThat(run(MachineMemory.detect())).startsWith("memory: needs ").contains("may use ");
        assertThat(output).isDirectory();
    }

    @Test
    void runThatDoesNotFitIsRejected() {
        assertThatThrownBy(() -> run(MachineMemory.of(1 << 20)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("of 1 MB; no batch size or length makes it fit");
        assertThat(output).doesNotExist();
    }

    /** The error may come from any thread, directly or as a cause. */
    @Test
    void outOfMemoryIsReportedWithPlan() {
        OutOfMemoryError error = new OutOfMemoryError("Java heap space");
        TrainingListener greedy = new TrainingListener() {
            @Override
            public void stepDone(Progress progress) {
                throw new IllegalStateException("a worker failed", error);
            }
        };
        Path checkpoints = temp.resolve("checkpoints");
        assertThatThrownBy(() -> run(
                        MachineMemory.detect(),
                        greedy,
                        new CheckpointPolicy(checkpoints, 1, 1, CheckpointPolicy.ResumeMode.NEVER)))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("out of memory (Java heap space): the Java heap has at most ")
                .hasMessageContaining("; the memory estimate was ")
                .hasMessageContaining("batch size 2 needs ")
                .hasMessageContaining("--gradient-checkpointing needs ")
                .hasMessageNotContaining("\n");
        assertThat(output).doesNotExist();
    }

    @Test
    void noPlanFlagSkipsCheck() {
        assertThatThrownBy(() -> execute("--model-max-length", HUGE_LENGTH))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("length " + HUGE_LENGTH);
        assertThat(output).doesNotExist();
        execute("--model-max-length", HUGE_LENGTH, "--no-plan");
        assertThat(output).isDirectory();
    }

    private String run(MachineMemory machine) {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(said, true, StandardCharsets.UTF_8);
        run(machine, new ProgressLine(new StatusLine(out, false)), CheckpointPolicy.NONE);
        return said.toString(StandardCharsets.UTF_8);
    }

    private void run(MachineMemory machine, TrainingListener listener, CheckpointPolicy policy) {
        Stage stage = Stages.with(
                Stages.named(Stages.PRETRAIN), Map.of("perDeviceTrainBatchSize", 4, "gradientAccumulationSteps", 1));
        RunPaths paths = RunPaths.of(model, data, ModelFolders.IMAGES, output).withVisionTower(ModelFolders.TOWER);
        RunOptions options = RunOptions.DEFAULT.withMachine(machine).withCheckpointPolicy(policy);
        StageRunner.run(stage, paths, options, listener);
    }

    private void execute(String... more) {
        List<String> flags = new ArrayList<>(ShortStage.pathFlags(model, data, output));
        flags.addAll(List.of("--per-device-train-batch-size", "4", "--gradient-accumulation-steps", "1"));
        new StageMain(Stages.PRETRAIN)
                .execute(Stream.concat(flags.stream(), Stream.of(more)).toArray(String[]::new));
    }
}
