package org.llava4j.eval.faults;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.JsonInput;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.eval.scienceqa.ScienceQaMain;
import org.llava4j.testing.ChildJvm;
import org.llava4j.testing.RandomKills;

/** {@code scienceqa} in separate JVMs that are killed. */
class KilledEvaluationTest {
    private static final int KILLS = 4;
    private static final String JOURNAL = "answers.partial.jsonl";

    @TempDir
    private Path temp;

    private Path dataset;
    private ChildJvm jvm;

    @Test
    void killedScienceQaResumesToIdenticalOutput() throws Exception {
        dataset = temp.resolve("dataset");
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(3, 1, 0, 4, 0, false), dataset);
        Path whole = temp.resolve("whole");
        ChildJvm beside = new ChildJvm(ScienceQaMain.class, List.of(), temp.resolve("whole.log"));
        Process uninterrupted = beside.start(args(whole));
        Path out = temp.resolve("out");
        jvm = new ChildJvm(ScienceQaMain.class, List.of(), temp.resolve("log"));
        RandomKills random = new RandomKills(new Random(12), 60);
        List<String> journal = List.of();
        for (int kill = 1; kill <= KILLS; kill++) {
            random.kill(() -> jvm.start(args(out)), () -> answers(out).size());
            List<String> before = journal;
            journal = answers(out);
            assertThat(journal.subList(0, before.size()))
                    .as("no answer is lost")
                    .isEqualTo(before);
            assertThat(out.resolve("predictions.jsonl")).doesNotExist();
        }
        // Another one while the files are written that are made of the answers. A slow test may come too late for it.
        Process last = jvm.start(args(out));
        while (last.isAlive() && !Files.exists(out.resolve("predictions.jsonl"))) {
            last.waitFor(1, TimeUnit.MILLISECONDS);
        }
        last.destroyForcibly().waitFor();
        jvm.run(args(out));
        assertThat(uninterrupted.waitFor()).as(beside.output()).isZero();
        for (String name : List.of("predictions.jsonl", "result.json")) {
            assertThat(out.resolve(name)).hasSameBinaryContentAs(whole.resolve(name));
        }
        assertThat(report(out)).isEqualTo(report(whole));
        assertThat(names(out)).containsExactlyInAnyOrderElementsOf(names(whole)).doesNotContain(JOURNAL);
    }

    private List<String> args(Path output) {
        return List.of(
                "--model-path",
                Path.of(System.getProperty("llava4j.root"), "resources/tiny/llava")
                        .toString(),
                "--data-path",
                dataset.toString(),
                "--output-dir",
                output.toString(),
                "--prompt-format",
                "A",
                "--temperature",
                "1.2",
                "--seed",
                "3",
                "--batch-size",
                "2",
                "--max-new-tokens",
                "24");
    }

    /** The complete lines of the journal after the first one, which names the evaluation: one for each batch. */
    private static List<String> answers(Path output) throws IOException {
        Path journal = output.resolve(JOURNAL);
        if (!Files.exists(journal)) {
            return List.of();
        }
        String text = Files.readString(journal);
        return text.substring(0, text.lastIndexOf('\n') + 1).lines().skip(1).toList();
    }

    /** The report without its time, which differs. */
    private static ObjectNode report(Path output) {
        ObjectNode report = (ObjectNode) JsonInput.readObject(output.resolve("report.json"));
        return report.without(List.of("seconds", "timings"));
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }
}
