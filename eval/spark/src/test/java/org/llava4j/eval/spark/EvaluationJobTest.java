package org.llava4j.eval.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.spark.LoopbackCluster;
import org.llava4j.data.spark.RecordJob;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.eval.llavabench.LlavaBenchMain;
import org.llava4j.eval.scienceqa.ScienceQaMain;

/** A cluster gives output identical to that of one machine, even if a worker or the driver is killed. */
@Tag("spark")
class EvaluationJobTest {
    private static final String JOURNAL = "answers.partial.jsonl";

    // Not static: executors initialize this class for its method references, without this property.
    private final Path root = Path.of(System.getProperty("llava4j.root"));
    private final Path model = root.resolve("resources/tiny/llava");

    @TempDir
    private Path temp;

    private Path dataset;

    @BeforeEach
    void writeDataset() {
        dataset = temp.resolve("dataset");
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(3, 0, 0, 12, 0, false), dataset);
    }

    private List<String> scienceQa(String out) {
        return new ArrayList<>(List.of(
                "--model-path",
                model.toString(),
                "--data-path",
                dataset.toString(),
                "--output-dir",
                temp.resolve(out).toString(),
                "--batch-size",
                "2",
                "--temperature",
                "0.7",
                "--max-new-tokens",
                "40"));
    }

    private void assertSame(String out) throws IOException {
        for (String file : List.of("predictions.jsonl", "result.json")) {
            assertThat(Files.readString(temp.resolve(out).resolve(file)))
                    .as(file)
                    .isEqualTo(Files.readString(temp.resolve("here").resolve(file)));
        }
        assertThat(temp.resolve(out).resolve(JOURNAL)).doesNotExist();
    }

    private static String[] array(List<String> arguments) {
        return arguments.toArray(String[]::new);
    }

    private static List<String> job(String command, List<String> arguments) {
        List<String> all = new ArrayList<>(List.of(command));
        all.addAll(arguments);
        return all;
    }

    /** Waits until a journal holds the given number of batches. */
    private static void await(Path journal, int batches) throws IOException, InterruptedException {
        for (int i = 0; i < 6000; i++) {
            if (Files.exists(journal)) {
                try (Stream<String> lines = Files.lines(journal)) {
                    if (lines.count() > batches) {
                        return;
                    }
                }
            }
            TimeUnit.MILLISECONDS.sleep(10);
        }
        throw new IllegalStateException(journal + " does not grow");
    }

    @Test
    void scienceQaOutputIsIdenticalAfterWorkerIsKilled() throws Exception {
        ScienceQaMain.main(array(scienceQa("here")));
        try (LoopbackCluster cluster = new LoopbackCluster(Files.createDirectory(temp.resolve("cluster")), 2);
                JavaSparkContext spark = new JavaSparkContext(cluster.conf("answers"))) {
            Path journal = temp.resolve("there").resolve(JOURNAL);
            boolean[] killed = new boolean[1];
            Thread killer = new Thread(() -> {
                try {
                    await(journal, 5);
                    cluster.killWorker(0);
                    killed[0] = Files.exists(journal);
                } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            killer.start();
            RecordJob.run(spark, ScienceQaMain::new, array(scienceQa("there")));
            killer.join();
            assertThat(killed[0]).as("killed before the last batch").isTrue();
            assertSame("there");

            // An image is damaged, which the remaining executor finds.
            List<String> broken = scienceQa("broken");
            Path image;
            try (Stream<Path> images = Files.walk(dataset.resolve("images/test"))) {
                image = images.filter(Files::isRegularFile).findFirst().orElseThrow();
            }
            Files.writeString(image, "damaged");
            assertThatThrownBy(() -> RecordJob.run(spark, ScienceQaMain::new, array(broken)))
                    .isInstanceOf(CommandFailedException.class)
                    .hasMessageContaining(image.toString())
                    .hasMessageEndingWith("(on an executor)");
            assertThat(temp.resolve("broken/predictions.jsonl")).doesNotExist();
        }
    }

    @Test
    void killedDriverResumesFromJournal() throws Exception {
        ScienceQaMain.main(array(scienceQa("here")));
        try (LoopbackCluster cluster = new LoopbackCluster(Files.createDirectory(temp.resolve("cluster")), 2)) {
            Process driver =
                    cluster.drive(SparkMain.class, temp.resolve("first.log"), job("scienceqa", scienceQa("there")));
            await(temp.resolve("there").resolve(JOURNAL), 5);
            driver.destroyForcibly().waitFor();
            assertThat(temp.resolve("there/predictions.jsonl")).doesNotExist();
            Process again =
                    cluster.drive(SparkMain.class, temp.resolve("again.log"), job("scienceqa", scienceQa("there")));
            assertThat(again.waitFor())
                    .as(Files.readString(temp.resolve("again.log")))
                    .isZero();
            assertSame("there");
        }
    }

    @Test
    void llavaBenchOutputIsIdentical() throws Exception {
        Path images = Files.createDirectories(temp.resolve("pictures"));
        StringBuilder questions = new StringBuilder();
        try (Stream<Path> files = Files.walk(dataset.resolve("images/test"))) {
            int number = 0;
            for (Path file :
                    files.filter(Files::isRegularFile).sorted().limit(10).toList()) {
                Files.copy(file, images.resolve(number + ".png"));
                questions
                        .append("{\"question_id\": %d, \"image\": \"%d.png\", \"text\": \"What is it?\", "
                                .formatted(number, number))
                        .append("\"category\": \"conv\"}\n");
                number++;
            }
        }
        Path file = Files.writeString(temp.resolve("questions.jsonl"), questions);
        List<String> arguments = List.of(
                "--model-path",
                model.toString(),
                "--questions",
                file.toString(),
                "--image-folder",
                images.toString(),
                "--batch-size",
                "2",
                "--max-new-tokens",
                "20",
                "--output-dir");
        List<String> here = new ArrayList<>(arguments);
        here.add(temp.resolve("here").toString());
        LlavaBenchMain.main(array(here));
        try (LoopbackCluster cluster = new LoopbackCluster(Files.createDirectory(temp.resolve("cluster")), 2);
                JavaSparkContext spark = new JavaSparkContext(cluster.conf("bench"))) {
            List<String> there = new ArrayList<>(arguments);
            there.add(temp.resolve("there").toString());
            RecordJob.run(spark, LlavaBenchMain::new, array(there));
        }
        assertThat(Files.readString(temp.resolve("there/answers.jsonl")))
                .isEqualTo(Files.readString(temp.resolve("here/answers.jsonl")))
                .hasLineCount(10);
    }
}
