package org.llava4j.train.lint;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.llava4j.data.Html;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.conversation.ConversationEncoder;

/** What was found in a set of samples: counts, lengths, findings by rule, and some samples to look at. */
public final class LintReport {
    /** Findings of one rule beyond this are counted alone. */
    static final int MOST_LISTED = 200;

    /** Lengths are counted in steps of this. */
    static final int LENGTH_STEP = 64;

    private final ConversationEncoder encoder;
    private final CollatorOptions splice;
    private final int mostShown;
    private final List<LintedSample> shown = new ArrayList<>();
    private final Map<Rule, Integer> counts = new EnumMap<>(Rule.class);
    private final Map<Rule, List<Finding>> findings = new EnumMap<>(Rule.class);
    private final SortedMap<Integer, Integer> lengths = new TreeMap<>();
    private int samples;
    private int good;
    private int withImages;
    private long positions;
    private long supervised;

    LintReport(ConversationEncoder encoder, CollatorOptions splice, int mostShown) {
        this.encoder = encoder;
        this.splice = splice;
        this.mostShown = mostShown;
    }

    void add(LintedSample sample) {
        samples++;
        withImages += sample.images() > 0 ? 1 : 0;
        if (sample.encoded() != null) {
            int kept = Math.min(sample.length(), splice.maxLength());
            positions += kept;
            supervised += sample.supervised();
            lengths.merge(sample.length() / LENGTH_STEP * LENGTH_STEP, 1, Integer::sum);
        }
        boolean error = false;
        for (Finding finding : sample.findings()) {
            counts.merge(finding.rule(), 1, Integer::sum);
            List<Finding> listed = findings.computeIfAbsent(finding.rule(), any -> new ArrayList<>());
            if (listed.size() < MOST_LISTED) {
                listed.add(finding);
            }
            error |= finding.rule().isError();
        }
        good += error ? 0 : 1;
        if (sample.encoded() != null && shown.size() < mostShown) {
            shown.add(sample);
        }
    }

    /** How many findings there are of a rule. */
    public int count(Rule rule) {
        return counts.getOrDefault(rule, 0);
    }

    /** The first of them. */
    public List<Finding> findings(Rule rule) {
        return Collections.unmodifiableList(findings.getOrDefault(rule, List.of()));
    }

    /** Findings for which training would pass over a sample or stop. */
    public int errors() {
        return counts.entrySet().stream()
                .filter(entry -> entry.getKey().isError())
                .mapToInt(Map.Entry::getValue)
                .sum();
    }

    /** All others. */
    public int warnings() {
        return counts.values().stream().mapToInt(Integer::intValue).sum() - errors();
    }

    public int samples() {
        return samples;
    }

    /** Samples that training takes. */
    public int good() {
        return good;
    }

    /** By multiples of {@link #LENGTH_STEP}, samples of that length and a little more. */
    SortedMap<Integer, Integer> lengths() {
        return Collections.unmodifiableSortedMap(lengths);
    }

    List<LintedSample> shown() {
        return Collections.unmodifiableList(shown);
    }

    ConversationEncoder encoder() {
        return encoder;
    }

    CollatorOptions splice() {
        return splice;
    }

    /** Share of the positions that are learned, 0..1. */
    public double supervisedShare() {
        return positions == 0 ? 0 : supervised / (double) positions;
    }

    /** In one line. */
    public String summary() {
        return Html.format(
                "%,d of %,d samples are good, %,d with images; %s %% of %,d positions are learned; %,d errors, %,d warnings",
                good, samples, withImages, Html.percent(supervisedShare(), 1), positions, errors(), warnings());
    }

    /** The report as JSON. */
    public ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("samples", samples).put("good", good).put("with_images", withImages);
        json.put("positions", positions).put("supervised", supervised);
        json.put("errors", errors()).put("warnings", warnings());
        ObjectNode byLength = json.putObject("lengths");
        lengths.forEach((length, count) -> byLength.put(String.valueOf(length), count));
        ObjectNode rules = json.putObject("rules");
        for (Rule rule : Rule.values()) {
            ObjectNode node = rules.putObject(rule.label());
            node.put("severity", rule.isError() ? "error" : "warning").put("count", count(rule));
            ArrayNode list = node.putArray("findings");
            findings(rule)
                    .forEach(finding -> list.addObject()
                            .put("number", finding.number())
                            .put("where", finding.where())
                            .put("message", finding.message()));
        }
        return json;
    }
}
