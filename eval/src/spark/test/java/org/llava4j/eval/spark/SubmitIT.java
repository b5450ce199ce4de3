package org.llava4j.eval.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.cli.RecordExecutor;
import org.llava4j.data.spark.LoopbackCluster;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.eval.InferenceBackend;
import org.llava4j.eval.scienceqa.ScienceQaMain;
import org.llava4j.train.lint.LintDataMain;

/** The packaged jar, submitted to a cluster that has Spark's own jars and nothing else. */
@Tag("submit")
class SubmitIT {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));
    private static final Path JAR = Path.of(System.getProperty("llava4j.jar"));
    private static final Path HOME = Path.of(System.getProperty("llava4j.sparkHome"));
    private static final Path TINY = ROOT.resolve("resources/tiny");

    @TempDir
    private Path temp;

    /** Runs a goal and gives what it said. */
    private String submit(LoopbackCluster cluster, String goal, List<String> flags) throws Exception {
        List<String> arguments = new ArrayList<>(List.of(goal));
        arguments.addAll(flags);
        Path log = temp.resolve(goal + ".log");
        Process driver = cluster.submit(JAR, log, arguments);
        int exit = driver.waitFor();
        String said = Files.readString(log);
        assertThat(exit).as(said).isZero();
        return said;
    }

    private static String[] array(List<String> flags) {
        return flags.toArray(String[]::new);
    }

    @Test
    void aGoalOfEachKindRunsWithSparksOwnJars() throws Exception {
        Path world = temp.resolve("world");
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(3, 8, 0, 2, 60, false), world);
        try (LoopbackCluster cluster =
                new LoopbackCluster(Files.createDirectory(temp.resolve("cluster")), 2, HOME.resolve("jars") + "/*")) {
            List<String> asked = List.of(
                    "--model-path",
                    TINY.resolve("llava").toString(),
                    "--data-path",
                    world.toString(),
                    "--batch-size",
                    "4",
                    "--output-dir");
            new ScienceQaMain(InferenceBackend.LOCAL).execute(array(with(asked, temp.resolve("here"))));
            submit(cluster, "scienceqa", with(asked, temp.resolve("there")));
            assertSame("predictions.jsonl");

            List<String> linted = List.of(
                    "--model-path",
                    TINY.resolve("llava").toString(),
                    "--recipe",
                    "finetune-scienceqa",
                    "--data-path",
                    world.toString(),
                    "--output-dir");
            new LintDataMain(RecordExecutor.LOCAL).execute(array(with(linted, temp.resolve("here/lint"))));
            submit(cluster, "lint-data", with(linted, temp.resolve("there/lint")));
            assertSame("lint/lint.json");

            List<String> trained = new ArrayList<>(List.of(
                    "--model-path",
                    TINY.resolve("llava").toString(),
                    "--data-path",
                    world.resolve("captions/chat.json").toString(),
                    "--image-folder",
                    world.resolve("captions/images").toString(),
                    "--per-device-train-batch-size",
                    "4",
                    "--gradient-accumulation-steps",
                    "2",
                    "--max-steps",
                    "5",
                    "--output-dir"));
            String said = submit(cluster, "pretrain", with(trained, temp.resolve("there/trained")));
            assertThat(said).contains("5 steps, 40 samples").contains("gradients are computed by 2 executors");
            assertThat(temp.resolve("there/trained/mm_projector.safetensors")).exists();
        }
    }

    private static List<String> with(List<String> flags, Path output) {
        List<String> all = new ArrayList<>(flags);
        all.add(output.toString());
        return all;
    }

    private void assertSame(String file) throws IOException {
        assertThat(Files.readString(temp.resolve("there").resolve(file)))
                .isEqualTo(Files.readString(temp.resolve("here").resolve(file)));
    }

    @Test
    void noSparkIsInTheJar() throws IOException {
        try (JarFile jar = new JarFile(JAR.toFile());
                Stream<String> names = jar.stream().map(entry -> entry.getName())) {
            assertThat(names)
                    .contains("org/llava4j/eval/spark/SparkMain.class")
                    .noneMatch(name -> name.startsWith("org/apache/spark/")
                            || name.startsWith("org/apache/hadoop/")
                            || name.startsWith("scala/")
                            || name.startsWith("org/slf4j/")
                            || name.startsWith("com/fasterxml/jackson/"));
        }
    }
}
