package org.llava4j.data.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.pretraining.ConceptFilter;
import org.llava4j.data.pretraining.PhraseFinder;
import org.llava4j.data.pretraining.RarestFirst;

/** Captions chosen on a cluster are those chosen here, byte for byte, also when a worker is killed in the middle. */
@Tag("spark")
class FilterConceptsJobTest {
    private static final int CAPTIONS = 40_000;
    private static final List<String> THINGS = List.of(
            "dog", "red house", "old bridge", "market", "green field", "boat", "wooden table", "cloud", "street lamp",
            "small child", "mountain", "yellow taxi", "garden", "violin", "lighthouse");

    @TempDir
    private Path temp;

    private Path captions() throws IOException {
        Random random = new Random(3);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < CAPTIONS; i++) {
            String rare = random.nextInt(50) == 0 ? " and a thing " + random.nextInt(3000) : "";
            lines.append("a ")
                    .append(THINGS.get(random.nextInt(THINGS.size())))
                    .append(" near the ")
                    .append(THINGS.get(random.nextInt(THINGS.size())))
                    .append(rare)
                    .append("\thttp://example.org/")
                    .append(i)
                    .append(".jpg\n");
        }
        return Files.writeString(temp.resolve("captions.tsv"), lines);
    }

    private static String bytes(Path folder, String file) throws IOException {
        return Files.readString(folder.resolve(file));
    }

    @Test
    void aClusterChoosesTheSameCaptionsThoughAWorkerIsKilled() throws Exception {
        Path captions = captions();
        Path here = temp.resolve("here");
        ConceptFilter.run(captions, RarestFirst.PAPER, true, here);
        try (LoopbackCluster cluster = new LoopbackCluster(Files.createDirectory(temp.resolve("cluster")), 2);
                JavaSparkContext spark = new JavaSparkContext(cluster.conf("test"))) {
            AtomicInteger found = new AtomicInteger();
            PhraseFinder finder = (file, reader, foldCase, inOrder) -> new SparkPhrases(spark)
                    .find(file, reader, foldCase, phrases -> {
                        if (found.incrementAndGet() == CAPTIONS / 4) {
                            cluster.killWorker(0);
                        }
                        inOrder.accept(phrases);
                    });
            Path there = temp.resolve("there");
            ConceptFilter.run(captions, RarestFirst.PAPER, true, there, finder);
            assertThat(found).hasValue(CAPTIONS);
            for (String file : List.of(ConceptFilter.CAPTIONS, "report.json", "report.html")) {
                assertThat(bytes(there, file).equals(bytes(here, file))).as(file).isTrue();
            }
        }
    }
}
