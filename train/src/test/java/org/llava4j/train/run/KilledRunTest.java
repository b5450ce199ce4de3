package org.llava4j.train.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.train.command.StageMain;

/** Runs in separate JVMs that are killed or run out of disk space. */
class KilledRunTest {
    private static final int KILLS = 20;
    private static final String STEPS = "800";

    @TempDir
    private Path temp;

    private Path model;
    private Path out;

    @BeforeEach
    void createModel() {
        model = ModelFolders.llama(temp.resolve("model"));
        out = temp.resolve("out");
    }

    /** Twenty kills at random times, often while a checkpoint is written, as after every step. */
    @Test
    void killedRunResumesToIdenticalOutput() throws IOException, InterruptedException {
        Path whole = temp.resolve("whole");
        assertThat(start(whole, "--save-steps", "0").waitFor()).isZero();
        Random random = new Random(11);
        int kills = 0;
        int withCheckpoint = 0;
        while (kills < KILLS) {
            Process process = start(out, "--save-steps", "1", "--resume", "auto");
            // After the first checkpoint, so that each run makes progress before it is killed.
            long saved = newest();
            while (process.isAlive() && newest() == saved) {
                process.waitFor(5, TimeUnit.MILLISECONDS);
            }
            if (process.waitFor(random.nextInt(60), TimeUnit.MILLISECONDS)) {
                break;
            }
            process.destroyForcibly();
            process.waitFor();
            kills++;
            withCheckpoint += newest() > 0 ? 1 : 0;
            assertThat(out).doesNotExist();
        }
        assertThat(kills).as("the run ended before all kills: increase STEPS").isEqualTo(KILLS);
        assertThat(withCheckpoint).isEqualTo(KILLS);
        Process last = start(out, "--save-steps", "1", "--resume", "auto");
        String output = new String(last.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(last.waitFor()).as(output).isZero();
        for (String name : List.of("model.safetensors", "mm_projector.safetensors", "config.json")) {
            assertThat(Files.mismatch(whole.resolve(name), out.resolve(name)))
                    .as(name)
                    .isEqualTo(-1);
        }
        assertThat(Files.readAllLines(out.resolve("metrics.jsonl"))).hasSize(Integer.parseInt(STEPS));
        try (Stream<Path> left = Files.list(temp.resolve("out.checkpoints"))) {
            assertThat(left.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder("checkpoint-00000798", "checkpoint-00000799");
        }
        try (Stream<Path> left = Files.list(temp)) {
            assertThat(left.map(path -> path.getFileName().toString()))
                    .as("incomplete output of killed runs is removed")
                    .containsExactlyInAnyOrder("model", "whole", "out", "out.checkpoints");
        }
    }

    @Test
    void sigtermStopsRunWithCheckpoint() throws IOException, InterruptedException {
        Process process = start(out, "--save-steps", "5", "--max-steps", "100000");
        while (process.isAlive() && newest() == 0) {
            process.waitFor(5, TimeUnit.MILLISECONDS);
        }
        process.toHandle().destroy();
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.exitValue()).as(output).isEqualTo(143);
        assertThat(output).contains("pretrain: stopped after step ").contains("resume from it with --resume auto");
        assertThat(out).doesNotExist();
        assertThat(newest()).isPositive();
    }

    /**
     * A full disk, simulated by a limit on the file size in KB: trainable weights fit, the model that is written at the
     * end does not.
     */
    @Test
    void fullDiskKeepsLastCheckpoint() throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(List.of("bash", "-c", "ulimit -f 300; trap '' XFSZ; exec \"$@\"", "run"));
        command.addAll(command(out, "--save-steps", "2", "--max-steps", "5"));
        Process full = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(full.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(full.waitFor()).as(output).isNotZero();
        assertThat(output).contains("pretrain: cannot write ").contains("model.safetensors");
        assertThat(out).doesNotExist();
        assertThat(newest()).isEqualTo(4);
        Path whole = temp.resolve("whole");
        assertThat(start(whole, "--save-steps", "0", "--max-steps", "5").waitFor())
                .isZero();
        assertThat(start(out, "--save-steps", "2", "--max-steps", "5", "--resume", "auto")
                        .waitFor())
                .isZero();
        assertThat(Files.mismatch(whole.resolve("model.safetensors"), out.resolve("model.safetensors")))
                .isEqualTo(-1);
    }

    /** The same if the checkpoint itself does not fit: the previous one remains. */
    @Test
    void unwritableCheckpointKeepsPreviousOne() throws IOException, InterruptedException {
        Process first = start(out, "--save-steps", "2", "--max-steps", "100000");
        while (first.isAlive() && newest() == 0) {
            first.waitFor(5, TimeUnit.MILLISECONDS);
        }
        first.toHandle().destroy();
        assertThat(first.waitFor()).isEqualTo(143);
        long before = newest();
        List<String> command = new ArrayList<>(List.of("bash", "-c", "ulimit -f 20; trap '' XFSZ; exec \"$@\"", "run"));
        command.addAll(command(out, "--save-steps", "2", "--max-steps", "100000", "--resume", "auto"));
        Process full = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(full.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(full.waitFor()).as(output).isNotZero();
        assertThat(output).contains("pretrain: cannot write ");
        assertThat(newest()).isEqualTo(before);
        try (Stream<Path> left = Files.list(temp.resolve("out.checkpoints"))) {
            assertThat(left.map(path -> path.getFileName().toString())).noneMatch(name -> name.endsWith(".part"));
        }
    }

    private Process start(Path output, String... more) throws IOException {
        return new ProcessBuilder(command(output, more))
                .redirectErrorStream(true)
                .start();
    }

    private List<String> command(Path output, String... more) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx300m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--add-modules",
                "jdk.incubator.vector",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                "-Dllava4j.stage=pretrain",
                "-cp",
                System.getProperty("java.class.path"),
                StageMain.class.getName(),
                "--model-path",
                model.toString(),
                "--vision-tower",
                ModelFolders.TOWER.toString(),
                "--data-path",
                Golden.path("f_e2e/pretrain.json").toString(),
                "--image-folder",
                ModelFolders.IMAGES.toString(),
                "--output-dir",
                output.toString(),
                "--per-device-train-batch-size",
                "2",
                "--gradient-accumulation-steps",
                "1"));
        command.addAll(List.of(more));
        if (!Arrays.asList(more).contains("--max-steps")) {
            command.addAll(List.of("--max-steps", STEPS));
        }
        return command;
    }

    /** The step of the newest checkpoint. */
    private long newest() throws IOException {
        Path folder = temp.resolve("out.checkpoints");
        if (!Files.isDirectory(folder)) {
            return 0;
        }
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(path -> path.getFileName().toString())
                    .filter(name -> name.startsWith("checkpoint-"))
                    .mapToLong(name -> Long.parseLong(name.substring("checkpoint-".length())))
                    .max()
                    .orElse(0);
        }
    }
}
