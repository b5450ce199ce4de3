package org.llava4j.data.pretraining;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.llava4j.data.EnumName;
import org.llava4j.data.Html;

/**
 * Report of concept filtering: the number of distinct phrases before and after, and their frequency by rank (the
 * paper's figure on CC3M).
 *
 * @param selection selection algorithm and its parameters
 * @param captions captions before
 * @param selected captions after
 * @param phrases distinct phrases before
 * @param frequentPhrases of these, phrases of at least {@code minCount} captions
 * @param phrasesAfter distinct phrases of the selected captions
 * @param frequentPhrasesAfter frequent phrases that a selected caption contains
 * @param before frequency by rank
 * @param after frequency by rank in the selected captions
 * @param examples phrases with their counts before and after, from frequent to rare
 */
record ConceptReport(
        RarestFirstSelection selection,
        int captions,
        int selected,
        int phrases,
        int frequentPhrases,
        int phrasesAfter,
        int frequentPhrasesAfter,
        List<Point> before,
        List<Point> after,
        List<Example> examples) {
    private static final int POINTS_PER_DECADE = 20;
    private static final int EXAMPLES = 20;

    /**
     * Point of a frequency curve.
     *
     * @param rank from 1, the most frequent phrase
     * @param count number of captions that contain the phrase
     */
    record Point(int rank, int count) {}

    /** Phrase with its number of captions before and after. */
    record Example(String phrase, int before, int after) {}

    /** Counts the phrases of the selected captions. */
    static ConceptReport of(ConceptIndex index, BitSet selected, RarestFirstSelection selection) {
        int[] before = IntStream.range(0, index.size()).map(index::count).toArray();
        int[] after = index.counts(selected);
        int frequent = (int)
                Arrays.stream(before).filter(n -> n >= selection.minCount()).count();
        int distinctAfter = (int) Arrays.stream(after).filter(n -> n > 0).count();
        int frequentAfter = (int) IntStream.range(0, before.length)
                .filter(i -> before[i] >= selection.minCount() && after[i] > 0)
                .count();
        return new ConceptReport(
                selection,
                index.captions(),
                selected.cardinality(),
                index.size(),
                frequent,
                distinctAfter,
                frequentAfter,
                curve(before),
                curve(after),
                examples(index, before, after));
    }

    /** Samples a curve densely enough for a polyline on logarithmic axes. */
    private static List<Point> curve(int[] counts) {
        int[] sorted = Arrays.stream(counts).filter(n -> n > 0).sorted().toArray();
        List<Point> points = new ArrayList<>();
        int last = 0;
        for (int step = 0; last < sorted.length; step++) {
            int rank = Math.min(sorted.length, (int) Math.pow(10, step / (double) POINTS_PER_DECADE));
            if (rank > last) {
                points.add(new Point(rank, sorted[sorted.length - rank]));
                last = rank;
            }
        }
        return points;
    }

    private static List<Example> examples(ConceptIndex index, int[] before, int[] after) {
        List<Integer> order = IntStream.range(0, before.length)
                .boxed()
                .sorted(Comparator.<Integer>comparingInt(i -> -before[i]).thenComparing(index::phrase))
                .toList();
        return IntStream.range(0, Math.min(EXAMPLES, order.size()))
                .map(i -> order.size() <= EXAMPLES
                        ? i
                        : (int) Math.round(Math.pow(order.size(), i / (EXAMPLES - 1.0))) - 1)
                .distinct()
                .mapToObj(order::get)
                .map(phrase -> new Example(index.phrase(phrase), before[phrase], after[phrase]))
                .toList();
    }

    /** Returns the share of frequent phrases that a selected caption contains. */
    double coverage() {
        return frequentPhrases == 0 ? Double.NaN : frequentPhrasesAfter / (double) frequentPhrases;
    }

    /** Returns the report as JSON. */
    ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putObject("selection")
                .put("min_count", selection.minCount())
                .put("max_per_phrase", selection.maxPerPhrase())
                .put("count_selected", selection.countSelected())
                .put("ties", EnumName.of(selection.tieOrder()))
                .put("seed", selection.seed());
        json.put("captions", captions).put("selected", selected);
        json.put("phrases", phrases).put("frequent_phrases", frequentPhrases);
        json.put("phrases_after", phrasesAfter).put("frequent_phrases_after", frequentPhrasesAfter);
        json.put("coverage", coverage());
        put(json.putArray("before"), before);
        put(json.putArray("after"), after);
        ArrayNode list = json.putArray("examples");
        examples.forEach(example -> list.addObject()
                .put("phrase", example.phrase())
                .put("before", example.before())
                .put("after", example.after()));
        return json;
    }

    private static void put(ArrayNode array, List<Point> points) {
        points.forEach(point -> array.addObject().put("rank", point.rank()).put("count", point.count()));
    }

    /** Returns the report as a self-contained HTML page. */
    String html() {
        return new ConceptReportPage(this).html();
    }

    /** Returns the report as one line. */
    String summary() {
        return Html.format(
                "%,d of %,d captions; %,d of %,d phrases, %s %% of the %,d in %d captions or more",
                selected,
                captions,
                phrasesAfter,
                phrases,
                Html.percent(coverage(), 1),
                frequentPhrases,
                selection.minCount());
    }
}
