package org.llava4j.data.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.cli.RecordCommand;
import org.llava4j.cli.RecordExecutor;
import org.llava4j.cli.RecordProcessor;
import org.llava4j.data.Fingerprint;

/** Executors whose files differ from the driver's: no result of theirs is used. */
@Tag("spark")
class OtherFilesTest {
    private static final int RECORDS = 3;

    @TempDir
    private Path temp;

    /** Command that counts to the number of its records. {@code --differs} names what differs on the executors. */
    private static final class CountMain extends RecordCommand<Integer> {
        private final List<Integer> results;

        CountMain(RecordExecutor executor, List<Integer> results) {
            super("count", "Counts.", executor);
            this.results = results;
        }

        @Override
        protected Options options() {
            return new Options().addOption(required("differs", "WHAT", "what differs on the executors"));
        }

        @Override
        public RecordProcessor<Integer> open(CommandLine line) {
            return new Numbers(line.getOptionValue("differs"));
        }

        @Override
        protected void run(CommandLine line) {
            try (RecordProcessor<Integer> records = open(line)) {
                Iterator<Integer> all = results(line, records);
                all.forEachRemaining(results::add);
            }
        }
    }

    /** Numbers whose files are other ones on the executors, or change there while the last one is processed. */
    private static final class Numbers implements RecordProcessor<Integer> {
        private final String differs;
        private boolean changed;

        Numbers(String differs) {
            this.differs = differs;
        }

        private static boolean onExecutor() {
            return !SparkEnv.get().executorId().equals("driver");
        }

        private String content(String what) {
            return differs.equals(what) && onExecutor() ? "of the executor" : "same";
        }

        @Override
        public String unit() {
            return "numbers";
        }

        @Override
        public int size() {
            return RECORDS;
        }

        @Override
        public Fingerprint identity() {
            return new Fingerprint(Map.of("model sha256", content("identity")));
        }

        @Override
        public String contentHash(int index) {
            return changed ? "changed" : index == RECORDS - 1 ? content("content") : "same";
        }

        @Override
        public Integer process(int index) {
            changed = differs.equals("meanwhile") && index == RECORDS - 1;
            return index;
        }

        @Override
        public void close() {}
    }

    @Test
    void resultsOfOtherFilesAreRefused() throws Exception {
        try (LoopbackCluster cluster = new LoopbackCluster(Files.createDirectory(temp.resolve("cluster")), 1);
                JavaSparkContext spark = new JavaSparkContext(cluster.conf("test"))) {
            assertThat(count(spark, "nothing")).containsExactly(0, 1, 2);
            assertThatThrownBy(() -> count(spark, "identity"))
                    .isInstanceOf(CommandFailedException.class)
                    .hasMessage(
                            "count: an executor reads other files than the driver: \"model sha256\" was same and is of the"
                                    + " executor; give both the same files (on an executor)");
            for (String differs : List.of("content", "meanwhile")) {
                assertThatThrownBy(() -> count(spark, differs))
                        .isInstanceOf(CommandFailedException.class)
                        .hasMessage(
                                "count: an executor reads other files than the driver for one of the numbers (number 2);"
                                        + " give both the same files (on an executor)");
            }
        }
    }

    private static List<Integer> count(JavaSparkContext spark, String differs) {
        List<Integer> results = new ArrayList<>();
        RecordJob.run(spark, executor -> new CountMain(executor, results), "--differs", differs);
        return results;
    }
}
