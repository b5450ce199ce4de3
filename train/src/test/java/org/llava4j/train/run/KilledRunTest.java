package org.llava4j.train.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.testing.ChildJvm;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.testing.RandomKills;
import org.llava4j.train.command.StageMain;
import org.llava4j.train.stage.Stages;

/** Runs in separate JVMs that are killed or run out of disk space. */
class KilledRunTest {
    private static final List<String> RESUME = List.of("--save-steps", "1", "--resume", "auto");

    @TempDir
    private Path temp;

    private Path model;
    private Path out;
    private Path checkpoints;
    private String stage = Stages.PRETRAIN;
    private String steps = "5";
    private ChildJvm jvm;

    @BeforeEach
    void createModel() {
        model = ModelFolders.llama(temp.resolve("model"));
        out = temp.resolve("out");
        checkpoints = temp.resolve("out.checkpoints");
        jvm = jvm("log");
    }

    /** Kills at random times, often while a checkpoint is written, as after every step. */
    @ParameterizedTest
    @CsvSource({"pretrain, 20, 200", "finetune, 6, 70"})
    void killedRunResumesToIdenticalOutput(String name, int kills, int maxSteps) throws Exception {
        stage = name;
        jvm = jvm("log");
        steps = String.valueOf(maxSteps);
        Path whole = temp.resolve("whole");
        ChildJvm beside = jvm("whole.log");
        Process uninterrupted = beside.start(args(whole, List.of("--save-steps", "0")));
        RandomKills random = new RandomKills(new Random(11), 60);
        for (int kill = 1; kill <= kills; kill++) {
            random.kill(() -> jvm.start(args(out, RESUME)), this::newest);
            assertThat(newest()).isPositive();
            assertThat(out).doesNotExist();
        }
        assertThat(newest()).as("the run was near its end: give it more steps").isLessThan(maxSteps - 2);
        jvm.run(args(out, RESUME));
        assertThat(uninterrupted.waitFor()).as(beside.output()).isZero();
        assertSameModel(whole);
        assertThat(Files.readAllLines(out.resolve("metrics.jsonl"))).hasSize(maxSteps);
        assertThat(names(checkpoints)).containsExactlyInAnyOrder(checkpoint(maxSteps - 2), checkpoint(maxSteps - 1));
        assertThat(names(temp))
                .as("incomplete output of killed runs is removed")
                .containsExactlyInAnyOrder("model", "whole", "out", "out.checkpoints", "log", "whole.log");
    }

    /** SIGTERM and SIGKILL while the files of a checkpoint are written. */
    @Test
    void signalDuringCheckpointLeavesWholeCheckpoints() throws Exception {
        steps = "40";
        Path whole = temp.resolve("whole");
        ChildJvm beside = jvm("whole.log");
        Process uninterrupted = beside.start(args(whole, List.of("--save-steps", "0")));
        for (String signal : List.of("TERM", "KILL", "TERM")) {
            Process process = jvm.start(args(out, RESUME));
            long before = stopWhileCheckpointIsWritten(process);
            signal(process, signal);
            signal(process, "CONT");
            assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
            assertThat(jvm.output()).doesNotContain("is not a valid checkpoint");
            assertThat(out).doesNotExist();
            if (signal.equals("TERM")) {
                assertThat(process.exitValue()).as(jvm.output()).isEqualTo(143);
                assertThat(jvm.output())
                        .contains("pretrain: stopped after step ")
                        .contains("resume from it with --resume auto");
                assertThat(newest()).as("the checkpoint was completed").isGreaterThan(before);
            } else {
                assertThat(newest()).as("the last complete checkpoint").isEqualTo(before);
            }
        }
        long resumed = newest();
        jvm.run(args(out, RESUME));
        assertThat(jvm.output())
                .contains("resuming from " + checkpoints.resolve(checkpoint(resumed)))
                .doesNotContain("is not a valid checkpoint");
        assertThat(uninterrupted.waitFor()).as(beside.output()).isZero();
        assertSameModel(whole);
    }

    /**
     * Stops a process by SIGSTOP at a moment when the folder of a checkpoint is incomplete. Each checkpoint is another
     * chance.
     *
     * @return step of the newest complete checkpoint at that moment
     */
    private long stopWhileCheckpointIsWritten(Process process) throws Exception {
        long start = newest();
        while (process.isAlive()) {
            // Before the first new one, there may be the incomplete folder of a killed process.
            if (newest() > start && isCheckpointIncomplete()) {
                signal(process, "STOP");
                // The signal may have arrived after the end of the checkpoint.
                if (isCheckpointIncomplete()) {
                    return newest();
                }
                signal(process, "CONT");
            }
        }
        throw new AssertionError("no checkpoint was met while it was written: " + jvm.output());
    }

    private boolean isCheckpointIncomplete() throws IOException {
        return names(checkpoints).stream().anyMatch(name -> name.endsWith(".part"));
    }

    private static void signal(Process process, String signal) throws Exception {
        new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid()))
                .start()
                .waitFor();
    }

    /**
     * A full disk, simulated by a limit on the file size in KB: trainable weights fit, the model that is written at the
     * end does not.
     */
    @Test
    void fullDiskKeepsLastCheckpoint() throws Exception {
        Path whole = temp.resolve("whole");
        ChildJvm beside = jvm("whole.log");
        Process uninterrupted = beside.start(args(whole, List.of("--save-steps", "0")));
        Process full = jvm.start(limitKb(300), args(out, List.of("--save-steps", "2")));
        assertThat(full.waitFor()).as(jvm.output()).isNotZero();
        assertThat(jvm.output()).contains("pretrain: cannot write ").contains("model.safetensors");
        assertThat(out).doesNotExist();
        assertThat(newest()).isEqualTo(4);
        jvm.run(args(out, List.of("--save-steps", "2", "--resume", "auto")));
        assertThat(uninterrupted.waitFor()).as(beside.output()).isZero();
        assertSameModel(whole);
    }

    /** The same if the checkpoint itself does not fit: the previous one remains. */
    @Test
    void unwritableCheckpointKeepsPreviousOne() throws Exception {
        steps = "100000";
        Process first = jvm.start(args(out, RESUME));
        while (first.isAlive() && newest() == 0) {
            first.waitFor(5, TimeUnit.MILLISECONDS);
        }
        first.toHandle().destroy();
        assertThat(first.waitFor()).isEqualTo(143);
        long before = newest();
        Process full = jvm.start(limitKb(20), args(out, RESUME));
        assertThat(full.waitFor()).as(jvm.output()).isNotZero();
        assertThat(jvm.output()).contains("pretrain: cannot write ");
        assertThat(newest()).isEqualTo(before);
        assertThat(isCheckpointIncomplete()).isFalse();
    }

    private static List<String> limitKb(int kb) {
        return List.of("bash", "-c", "ulimit -f " + kb + "; trap '' XFSZ; exec \"$@\"", "run");
    }

    private ChildJvm jvm(String log) {
        return new ChildJvm(StageMain.class, List.of("-Dllava4j.stage=" + stage), temp.resolve(log));
    }

    private List<String> args(Path output, List<String> more) {
        List<String> args = new ArrayList<>(List.of(
                "--model-path",
                model.toString(),
                "--vision-tower",
                ModelFolders.TOWER.toString(),
                "--data-path",
                Golden.path("f_e2e/" + stage + ".json").toString(),
                "--image-folder",
                ModelFolders.IMAGES.toString(),
                "--output-dir",
                output.toString(),
                "--per-device-train-batch-size",
                "2",
                "--gradient-accumulation-steps",
                "1",
                "--max-steps",
                steps));
        if (stage.equals(Stages.FINETUNE)) {
            args.add("--fresh-projector");
        }
        args.addAll(more);
        return args;
    }

    private void assertSameModel(Path whole) throws IOException {
        List<String> names = new ArrayList<>(List.of("model.safetensors", "config.json"));
        if (stage.equals(Stages.PRETRAIN)) {
            names.add("mm_projector.safetensors");
        }
        for (String name : names) {
            assertThat(Files.mismatch(whole.resolve(name), out.resolve(name)))
                    .as(name)
                    .isEqualTo(-1);
        }
    }

    private static String checkpoint(long step) {
        return "checkpoint-%08d".formatted(step);
    }

    private static List<String> names(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(path -> path.getFileName().toString()).toList();
        }
    }

    /** The step of the newest checkpoint. */
    private long newest() throws IOException {
        return names(checkpoints).stream()
                .filter(name -> name.startsWith("checkpoint-"))
                .mapToLong(name -> Long.parseLong(name.substring("checkpoint-".length())))
                .max()
                .orElse(0);
    }
}
