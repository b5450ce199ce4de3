package org.llava4j.data.pretraining;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.cli.ChildJvm;
import org.llava4j.cli.RecordExecutor;
import org.llava4j.data.Html;
import org.llava4j.data.InputPaths;
import org.llava4j.data.JsonInput;
import org.llava4j.data.memory.ProcessMemory;
import org.llava4j.testing.GeneratedCaptions;

/** Memory and time of filtering up to a million generated captions. */
@Tag("slow")
class FilterAtScaleTest {
    private static final long TWO_GB = 2L << 30;

    @TempDir
    private Path temp;

    @ParameterizedTest
    @ValueSource(ints = {100_000, 300_000, 1_000_000})
    void memoryStaysBelowTwoGigabytes(int captions) throws IOException {
        Path file = GeneratedCaptions.write(captions, temp.resolve("train.tsv"));
        Path selected = temp.resolve("selected");
        var result = new ChildJvm("filter", FilterAtScaleTest.class, List.of("-Xmx1200m"))
                .json(List.of(file.toString(), selected.toString()));
        System.out.println(Html.format(
                "%,d captions: %.1f s, peak %.0f MB, %s",
                captions,
                result.get("seconds").doubleValue(),
                result.get("peak").doubleValue() / (1 << 20),
                result.get("summary").textValue()));
        assertThat(result.get("peak").longValue()).isLessThan(TWO_GB);
        var report = JsonInput.readObject(selected.resolve("report.json"));
        assertThat(report.get("captions").intValue()).isEqualTo(captions);
        assertThat(report.get("selected").intValue()).isBetween(captions / 20, captions - 1);
        assertThat(report.get("coverage").doubleValue()).isEqualTo(1);
        assertThat(report.get("before").size()).isGreaterThan(50);
        assertThat(report.get("after").get(0).get("count").intValue())
                .isLessThan(report.get("before").get(0).get("count").intValue());
    }

    /** Filters in a separate JVM. */
    public static void main(String[] args) {
        long begun = System.nanoTime();
        ConceptReport report;
        try (CaptionProcessor<List<String>> phrases = CaptionProcessor.nounPhrases(Path.of(args[0]), true)) {
            report = ConceptFilter.run(
                    phrases.reader(),
                    RecordExecutor.runLocally(phrases),
                    RarestFirstSelection.PAPER,
                    InputPaths.of(Path.of(args[0])),
                    Path.of(args[1]));
        }
        System.out.println(JsonNodeFactory.instance
                .objectNode()
                .put("seconds", (System.nanoTime() - begun) / 1e9)
                .put("peak", ProcessMemory.PEAK.bytes())
                .put("summary", report.summary()));
    }
}
