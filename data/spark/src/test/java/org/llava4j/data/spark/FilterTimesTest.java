package org.llava4j.data.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.pretraining.ConceptFilter;
import org.llava4j.data.pretraining.FilterConceptsMain;
import org.llava4j.testing.GeneratedCaptions;

/**
 * Measurement of the time of concept filtering, locally and on two workers: {@code mvn -Pspark,slow -pl data/spark -am test -Dtest=FilterTimesTest}.
 */
@Tag("slow")
class FilterTimesTest {
    @TempDir
    private Path temp;

    private static String[] flags(Path input, Path output) {
        return new String[] {"--data-path", input.toString(), "--output-dir", output.toString()};
    }

    @ParameterizedTest
    @ValueSource(ints = {100_000, 500_000, 2_000_000})
    void filterScalesOnTwoWorkers(int captions) throws Exception {
        Path file = GeneratedCaptions.write(captions, temp.resolve("train.tsv"));
        long begun = System.nanoTime();
        FilterConceptsMain.main(flags(file, temp.resolve("local")));
        double local = (System.nanoTime() - begun) / 1e9;
        try (LoopbackCluster cluster = new LoopbackCluster(Files.createDirectory(temp.resolve("cluster")), 2);
                JavaSparkContext spark = new JavaSparkContext(cluster.conf("filter"))) {
            begun = System.nanoTime();
            RecordJob.run(spark, FilterConceptsMain::new, flags(file, temp.resolve("cluster-output")));
        }
        double distributed = (System.nanoTime() - begun) / 1e9;
        System.out.printf(
                Locale.ROOT, "%,d captions: %.1f s locally, %.1f s on two workers%n", captions, local, distributed);
        assertThat(Files.mismatch(
                        temp.resolve("cluster-output").resolve(ConceptFilter.CAPTIONS),
                        temp.resolve("local").resolve(ConceptFilter.CAPTIONS)))
                .isEqualTo(-1);
    }
}
