package org.llava4j.train.logging;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.FuzzFile;
import org.llava4j.testing.FuzzOracle;
import org.llava4j.testing.FuzzSeeds;

/** Fuzz target: {@code metrics.jsonl}, the journal of a training run. */
class MetricsLogFuzzTargetTest {
    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, "metrics.jsonl", 50);

    @TempDir
    private Path folder;

    static Stream<Arguments> seeds() {
        return FuzzSeeds.texts(
                "{\"step\":1,\"loss\":2.5,\"smoothed_loss\":2.5,\"learning_rate\":0.001,\"grad_norm\":1.0,"
                        + "\"tokens_per_second\":10.5,\"rss_mb\":100}\n{\"step\":2,\"validation_loss\":2.25,"
                        + "\"validation_accuracy\":0.5}\n{\"step\":3,\"loss\":2,\"rate\":1e-4}\n");
    }

    @MethodSource("seeds")
    @FuzzTest
    void read(byte[] bytes) throws Exception {
        Path file = FuzzFile.write(folder.resolve("metrics.jsonl"), bytes);
        ORACLE.accepts(() -> MetricsLog.steps(file));
        ORACLE.accepts(() -> MetricCurves.of(file));
    }
}
