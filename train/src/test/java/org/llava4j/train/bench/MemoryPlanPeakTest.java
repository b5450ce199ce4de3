package org.llava4j.train.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Compares the planned peak of each case of {@code mid} with the resident memory that Linux measured. Takes minutes;
 * run it by name:
 *
 * <pre>mvn -q -Pslow -pl train -am test -Dtest=MemoryPlanPeakTest</pre>
 */
@Tag("slow")
class MemoryPlanPeakTest {
    private static final double PERCENT = 15;

    @TempDir
    private Path temp;

    @ParameterizedTest
    @CsvSource({"2,128", "4,128", "8,128", "2,512", "1,1024"})
    void measuredPeakMatchesPlan(String batch, String text) throws IOException {
        Path file = temp.resolve("bench.json");
        BenchMain.main(new String[] {
            "--batch",
            batch,
            "--text",
            text,
            "--repetitions",
            "7",
            "--gradient-checkpointing",
            "--json",
            file.toString()
        });
        for (JsonNode one : new ObjectMapper().readTree(file.toFile()).get("cases")) {
            assertThat(one.get("planned_peak_mb").doubleValue())
                    .as(one.get("case").textValue() + ", gradient checkpointing " + one.get("gradient_checkpointing"))
                    .isCloseTo(one.get("peak_rss_mb").doubleValue(), withinPercentage(PERCENT));
        }
    }
}
