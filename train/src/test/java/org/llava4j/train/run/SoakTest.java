package org.llava4j.train.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.ChildJvm;
import org.llava4j.data.memory.ProcessMemory;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.train.data.DataSource;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.RunPage;
import org.llava4j.train.logging.TensorBoardLog;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.run.CheckpointPolicy.ResumeMode;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/**
 * Long run with all listeners and frequent checkpoints: memory stays constant, and the checkpoint folder within its
 * limit. It runs in a separate JVM. The long version:
 *
 * <pre>mvn -q -Pslow -pl train -am test -Dtest=SoakTest</pre>
 */
class SoakTest {
    private static final int SAVE_EVERY = 5;
    private static final int KEEP = 2;
    private static final int SAMPLES = 8;
    private static final double MB = 1 << 20;

    /** Allowed growth of the live heap (after garbage collection) from the first quarter of the run to its end. */
    private static final double HEAP_MB = 4;

    /** Allowed growth of resident memory in the same period. */
    private static final double RESIDENT_MB = 48;

    @TempDir
    private Path temp;

    @Test
    void shortSoakKeepsMemoryConstant() {
        soak(320);
    }

    @Test
    @Tag("slow")
    void longSoakKeepsMemoryConstant() {
        soak(8000);
    }

    private void soak(int steps) {
        List<String> flags = List.of(
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-Dorg.bytedeco.javacpp.maxbytes=0",
                "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
                "-Dllava4j.root=" + System.getProperty("llava4j.root"));
        JsonNode found =
                new ChildJvm("the soak", Soak.class, flags).json(List.of(temp.toString(), Integer.toString(steps)));
        System.out.println(found);
        assertThat(found.path("checkpoints").asInt())
                .as("the best one besides the last")
                .isEqualTo(KEEP + 1);
        assertThat(found.path("checkpoints_in_a_save").asInt())
                .as("during a save the previous ones still exist")
                .isBetween(KEEP + 1, KEEP + 2);
        assertThat(growth(found.path("heap_mb"))).as(found.toString()).isLessThan(HEAP_MB);
        assertThat(growth(found.path("resident_mb"))).as(found.toString()).isLessThan(RESIDENT_MB);
    }

    /** Growth since the end of the first quarter, when all reusable memory is allocated. */
    private static double growth(JsonNode samples) {
        assertThat(samples).hasSize(SAMPLES);
        return samples.get(SAMPLES - 1).asDouble()
                - samples.get(SAMPLES / 4 - 1).asDouble();
    }

    /** The run. */
    static final class Soak {
        private Soak() {}

        public static void main(String[] args) {
            Path temp = Path.of(args[0]);
            int steps = Integer.parseInt(args[1]);
            Path checkpoints = temp.resolve("checkpoints");
            MemorySampler samples = new MemorySampler(checkpoints, steps / SAMPLES);
            try (CheckpointWatch watch = new CheckpointWatch(checkpoints)) {
                TrainingListener listener = TrainingListener.all(new RunPage(), new TensorBoardLog(), samples);
                StageRunner.run(stage(steps), paths(temp), options(checkpoints), listener);
                ObjectNode found =
                        samples.found.put("checkpoints", samples.most).put("checkpoints_in_a_save", watch.most());
                System.out.println(found);
            }
        }

        private static Stage stage(int steps) {
            return Stages.with(
                    Stages.named(Stages.FINETUNE),
                    Map.of(
                            "freshProjector",
                            true,
                            "perDeviceTrainBatchSize",
                            2,
                            "gradientAccumulationSteps",
                            1,
                            "maxSteps",
                            steps,
                            "learningRate",
                            1e-4,
                            "modelMaxLength",
                            128));
        }

        private static RunPaths paths(Path temp) {
            List<DataSource> sources = new ArrayList<>();
            for (String name : List.of("pretrain.json", "finetune.json")) {
                sources.add(new DataSource(Golden.path("f_e2e/" + name), ModelFolders.IMAGES, 1.0 + sources.size()));
            }
            Path model = ModelFolders.llama(temp.resolve("model"));
            return new RunPaths(model, ModelFolders.TOWER, null, sources, temp.resolve("out"), null);
        }

        private static RunOptions options(Path checkpoints) {
            ValidationOptions validation =
                    new ValidationOptions(Golden.path("f_e2e/pretrain.json"), ModelFolders.IMAGES, null, 40, 2, true);
            return RunOptions.DEFAULT
                    .withCheckpointPolicy(new CheckpointPolicy(checkpoints, SAVE_EVERY, KEEP, ResumeMode.NEVER))
                    .withValidation(validation);
        }
    }

    /** Number of checkpoints. */
    private static int count(Path folder) {
        try (Stream<Path> all = Files.list(folder)) {
            return (int) all.filter(path -> path.getFileName().toString().startsWith("checkpoint-"))
                    .count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Samples memory at intervals, and counts checkpoints after each step and save. */
    private static final class MemorySampler implements TrainingListener {
        private final Path folder;
        private final int every;
        private final ObjectNode found = new ObjectMapper().createObjectNode();
        private int most;

        MemorySampler(Path folder, int every) {
            this.folder = folder;
            this.every = every;
        }

        @Override
        public void stepDone(Progress progress) {
            most = Math.max(most, count(folder));
            if (progress.step().step() % every == 0) {
                System.gc();
                long heap =
                        ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
                found.withArray("heap_mb").add(Math.round(100 * heap / MB) / 100.0);
                found.withArray("resident_mb")
                        .add(Math.round(Objects.requireNonNullElse(ProcessMemory.RESIDENT.bytes(), 0L) / MB));
            }
        }

        @Override
        public void checkpointSaved(Path checkpoint) {
            most = Math.max(most, count(folder));
        }
    }

    /** Counts checkpoints continuously, also during a save. */
    private static final class CheckpointWatch implements AutoCloseable {
        private final AtomicInteger most = new AtomicInteger();
        private final AtomicBoolean over = new AtomicBoolean();

        CheckpointWatch(Path folder) {
            new Thread(() -> look(folder), "watch").start();
        }

        private void look(Path folder) {
            while (!over.get()) {
                if (Files.isDirectory(folder)) {
                    most.accumulateAndGet(count(folder), Math::max);
                }
                LockSupport.parkNanos(1_000_000);
            }
        }

        int most() {
            return most.get();
        }

        @Override
        public void close() {
            over.set(true);
        }
    }
}
