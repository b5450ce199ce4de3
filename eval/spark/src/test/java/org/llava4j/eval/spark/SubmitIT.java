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
import org.llava4j.cli.RecordExecutor;
import org.llava4j.data.spark.LoopbackCluster;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.eval.scienceqa.ScienceQaMain;
import org.llava4j.train.lint.LintDataMain;

/** The packaged jar, submitted to a cluster that has only Spark's own jars. */
@Tag("submit")
class SubmitIT {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));
    private static final Path JAR = Path.of(System.getProperty("llava4j.jar"));
    private static final Path HOME = Path.of(System.getProperty("llava4j.sparkHome"));
    private static final Path TINY = ROOT.resolve("resources/tiny");

    @TempDir
    private Path temp;

    /** Runs a command and returns its log. */
    private String submit(LoopbackCluster cluster, String command, List<String> flags) throws Exception {
        List<String> arguments = new ArrayList<>(List.of(command));
        arguments.addAll(flags);
        Path log = temp.resolve(command + ".log");
        Process driver = cluster.submit(JAR, log, arguments);
        int exit = driver.waitFor();
        String output = Files.readString(log);
        assertThat(exit).as(output).isZero();
        return output;
    }

    private static String[] array(List<String> flags) {
        return flags.toArray(String[]::new);
    }

    @Test
    void jarRunsCommandsWithSparkJarsOnly() throws Exception {
        Path dataset = temp.resolve("dataset");
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(3, 8, 0, 2, 60, false), dataset);
        try (LoopbackCluster cluster =
                new LoopbackCluster(Files.createDirectory(temp.resolve("cluster")), 2, HOME.resolve("jars") + "/*")) {
            List<String> scienceQaFlags = List.of(
                    "--model-path",
                    TINY.resolve("llava").toString(),
                    "--data-path",
                    dataset.toString(),
                    "--batch-size",
                    "4",
                    "--output-dir");
            new ScienceQaMain(RecordExecutor.LOCAL).execute(array(with(scienceQaFlags, temp.resolve("here"))));
            submit(cluster, "scienceqa", with(scienceQaFlags, temp.resolve("there")));
            assertSame("predictions.jsonl");

            List<String> lintFlags = List.of(
                    "--model-path",
                    TINY.resolve("llava").toString(),
                    "--stage",
                    "finetune-scienceqa",
                    "--data-path",
                    dataset.toString(),
                    "--output-dir");
            new LintDataMain(RecordExecutor.LOCAL).execute(array(with(lintFlags, temp.resolve("here/lint"))));
            submit(cluster, "lint-data", with(lintFlags, temp.resolve("there/lint")));
            assertSame("lint/lint.json");

            List<String> trainFlags = new ArrayList<>(List.of(
                    "--model-path",
                    TINY.resolve("llava").toString(),
                    "--data-path",
                    dataset.resolve("captions/chat.json").toString(),
                    "--image-folder",
                    dataset.resolve("captions/images").toString(),
                    "--per-device-train-batch-size",
                    "4",
                    "--gradient-accumulation-steps",
                    "2",
                    "--max-steps",
                    "5",
                    "--output-dir"));
            String output = submit(cluster, "pretrain", with(trainFlags, temp.resolve("there/trained")));
            assertThat(output).contains("5 steps, 40 samples").contains("gradients are computed by 2 executors");
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
    void jarContainsNoSparkClasses() throws IOException {
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
