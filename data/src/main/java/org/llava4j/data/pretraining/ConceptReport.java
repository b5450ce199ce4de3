package org.llava4j.data.pretraining;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.llava4j.data.Html;

/**
 * What a choice of captions did to the concepts: how many different phrases there are before and after, and their
 * curve, counts by rank (the paper's figure on CC3M).
 *
 * @param selection by which was chosen
 * @param captions before
 * @param selected captions after
 * @param phrases different ones before
 * @param frequentPhrases of them that the rule did not pass over
 * @param phrasesAfter different ones that a chosen caption holds
 * @param frequentPhrasesAfter of those that were not passed over
 * @param before counts by rank
 * @param after counts by rank among the chosen captions
 * @param examples phrases with their counts before and after, from often to rare
 */
public record ConceptReport(
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

    /** @param rank from 1, of the phrase that most captions hold */
    public record Point(int rank, int count) {}

    /** A phrase and how many captions hold it. */
    public record Example(String phrase, int before, int after) {}

    /** Counts what the chosen captions hold. */
    public static ConceptReport of(ConceptIndex index, BitSet chosen, RarestFirstSelection rule) {
        int[] before = IntStream.range(0, index.size()).map(index::count).toArray();
        int[] after = index.counts(chosen);
        int enough =
                (int) Arrays.stream(before).filter(n -> n >= rule.minCount()).count();
        int held = (int) Arrays.stream(after).filter(n -> n > 0).count();
        int enoughHeld = (int) IntStream.range(0, before.length)
                .filter(i -> before[i] >= rule.minCount() && after[i] > 0)
                .count();
        return new ConceptReport(
                rule,
                index.captions(),
                chosen.cardinality(),
                index.size(),
                enough,
                held,
                enoughHeld,
                curve(before),
                curve(after),
                examples(index, before, after));
    }

    /** Points so close that a line through them is the curve, on logarithmic axes. */
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

    /** Share of the phrases that were not passed over which a chosen caption holds. */
    public double coverage() {
        return frequentPhrases == 0 ? Double.NaN : frequentPhrasesAfter / (double) frequentPhrases;
    }

    /** The report as JSON. */
    public ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putObject("rule")
                .put("min_count", selection.minCount())
                .put("most_of_one", selection.maxPerPhrase())
                .put("pool_counts", selection.countSelected())
                .put("ties", selection.tieOrder().name().toLowerCase(Locale.ROOT))
                .put("seed", selection.seed());
        json.put("captions", captions).put("chosen", selected);
        json.put("phrases", phrases).put("phrases_not_passed_over", frequentPhrases);
        json.put("phrases_after", phrasesAfter).put("phrases_not_passed_over_after", frequentPhrasesAfter);
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

    /** The report as a page that needs nothing else. */
    public String html() {
        return new ConceptReportPage(this).html();
    }

    /** In one line. */
    public String summary() {
        return Html.format(
                "%,d of %,d captions; %,d of %,d phrases, %s %% of the %,d that are held %d times or more",
                selected,
                captions,
                phrasesAfter,
                phrases,
                Html.percent(coverage(), 1),
                frequentPhrases,
                selection.minCount());
    }
}
