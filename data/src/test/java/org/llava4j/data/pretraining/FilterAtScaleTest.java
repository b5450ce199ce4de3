package org.llava4j.data.pretraining;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.Html;
import org.llava4j.data.JsonInput;
import org.llava4j.data.cli.ChildJvm;
import org.llava4j.data.cli.ProcessMemory;

/** Generated captions whose phrases are as unevenly frequent as words are, up to a million of them. */
@Tag("slow")
class FilterAtScaleTest {
    private static final List<String> ADJECTIVES = List.of(
            "red", "green", "blue", "old", "young", "small", "large", "wooden", "golden", "broken", "happy", "wild",
            "modern", "ancient", "bright", "dark", "empty", "famous", "frozen", "rusty", "soft", "tall", "tiny", "wet",
            "yellow", "white", "black", "pink", "round", "square", "quiet", "busy", "clean", "dirty", "fresh", "huge");
    private static final List<String> NOUNS = List.of(
            "house",
            "dog",
            "river",
            "car",
            "garden",
            "woman",
            "man",
            "boat",
            "bridge",
            "horse",
            "table",
            "window",
            "tree",
            "bird",
            "city",
            "street",
            "mountain",
            "beach",
            "train",
            "bus",
            "kitchen",
            "camera",
            "flower",
            "football",
            "player",
            "stage",
            "guitar",
            "singer",
            "church",
            "castle",
            "forest",
            "lake",
            "desert",
            "road",
            "cake",
            "fruit",
            "fish",
            "market",
            "tower",
            "wall",
            "bottle",
            "chair",
            "lamp",
            "door",
            "roof",
            "bed");
    private static final long TWO_GB = 2L << 30;

    @TempDir
    private Path temp;

    @ParameterizedTest
    @ValueSource(ints = {100_000, 300_000, 1_000_000})
    void staysBelowTwoGigabytes(int captions) throws IOException {
        Path file = temp.resolve("train.tsv");
        Random random = new Random(1);
        try (BufferedWriter out = Files.newBufferedWriter(file)) {
            for (int i = 0; i < captions; i++) {
                out.write("a " + phrase(random) + " near the " + phrase(random) + " with a " + phrase(random)
                        + "\thttp://" + i + "\n");
            }
        }
        Path chosen = temp.resolve("chosen");
        var result = new ChildJvm("filter", FilterAtScaleTest.class, List.of("-Xmx1200m"))
                .json(List.of(file.toString(), chosen.toString()));
        System.out.println(Html.fill(
                "%,d captions: %.1f s, peak %.0f MB, %s",
                captions,
                result.get("seconds").doubleValue(),
                result.get("peak").doubleValue() / (1 << 20),
                result.get("summary").textValue()));
        assertThat(result.get("peak").longValue()).isLessThan(TWO_GB);
        var report = JsonInput.readObject(chosen.resolve("report.json"));
        assertThat(report.get("captions").intValue()).isEqualTo(captions);
        assertThat(report.get("chosen").intValue()).isBetween(captions / 20, captions - 1);
        assertThat(report.get("coverage").doubleValue()).isEqualTo(1);
        assertThat(report.get("before").size()).isGreaterThan(50);
        assertThat(report.get("after").get(0).get("count").intValue())
                .isLessThan(report.get("before").get(0).get("count").intValue());
    }

    /** Of about 76 000 phrases one, the first far more often than the last (Zipf 1935). */
    private static String phrase(Random random) {
        int kinds = ADJECTIVES.size() * NOUNS.size() * NOUNS.size();
        int rank = (int) Math.pow(kinds, random.nextDouble()) - 1;
        // Neighbours in rank have no word in common.
        int kind = (int) ((rank * 48_271L) % kinds);
        return ADJECTIVES.get(kind % ADJECTIVES.size()) + " "
                + NOUNS.get(kind / ADJECTIVES.size() % NOUNS.size()) + " "
                + NOUNS.get(kind / ADJECTIVES.size() / NOUNS.size());
    }

    /** Filters in a JVM of its own. */
    public static void main(String[] args) {
        long begun = System.nanoTime();
        ConceptReport report = ConceptFilter.run(Path.of(args[0]), RarestFirst.PAPER, true, Path.of(args[1]));
        System.out.println(JsonNodeFactory.instance
                .objectNode()
                .put("seconds", (System.nanoTime() - begun) / 1e9)
                .put("peak", ProcessMemory.PEAK.bytes().orElseThrow())
                .put("summary", report.summary()));
    }
}
