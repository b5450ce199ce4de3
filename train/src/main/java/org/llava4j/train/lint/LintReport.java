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
    static final int MAX_FINDINGS_LISTED = 200;

    /** Lengths are counted in steps of this. */
    static final int LENGTH_STEP = 64;

    private final ConversationEncoder encoder;
    private final CollatorOptions collatorOptions;
    private final int maxExamples;
    private final List<LintedSample> examples = new ArrayList<>();
    private final Map<LintRule, Integer> counts = new EnumMap<>(LintRule.class);
    private final Map<LintRule, List<LintFinding>> findings = new EnumMap<>(LintRule.class);
    private final SortedMap<Integer, Integer> lengths = new TreeMap<>();
    private int samples;
    private int valid;
    private int withImages;
    private long positions;
    private long targetTokens;

    LintReport(ConversationEncoder encoder, CollatorOptions splice, int mostShown) {
        this.encoder = encoder;
        this.collatorOptions = splice;
        this.maxExamples = mostShown;
    }

    void add(LintedSample sample) {
        samples++;
        withImages += sample.images() > 0 ? 1 : 0;
        if (sample.encoded() != null) {
            int kept = Math.min(sample.length(), collatorOptions.maxLength());
            positions += kept;
            targetTokens += sample.targetTokens();
            lengths.merge(sample.length() / LENGTH_STEP * LENGTH_STEP, 1, Integer::sum);
        }
        boolean error = false;
        for (LintFinding finding : sample.findings()) {
            counts.merge(finding.rule(), 1, Integer::sum);
            List<LintFinding> listed = findings.computeIfAbsent(finding.rule(), any -> new ArrayList<>());
            if (listed.size() < MAX_FINDINGS_LISTED) {
                listed.add(finding);
            }
            error |= finding.rule().isError();
        }
        valid += error ? 0 : 1;
        if (sample.encoded() != null && examples.size() < maxExamples) {
            examples.add(sample);
        }
    }

    /** How many findings there are of a rule. */
    public int count(LintRule rule) {
        return counts.getOrDefault(rule, 0);
    }

    /** The first of them. */
    public List<LintFinding> findings(LintRule rule) {
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
    public int valid() {
        return valid;
    }

    /** By multiples of {@link #LENGTH_STEP}, samples of that length and a little more. */
    SortedMap<Integer, Integer> lengths() {
        return Collections.unmodifiableSortedMap(lengths);
    }

    List<LintedSample> examples() {
        return Collections.unmodifiableList(examples);
    }

    ConversationEncoder encoder() {
        return encoder;
    }

    CollatorOptions collatorOptions() {
        return collatorOptions;
    }

    /** Share of the positions that are learned, 0..1. */
    public double targetTokenShare() {
        return positions == 0 ? 0 : targetTokens / (double) positions;
    }

    /** In one line. */
    public String summary() {
        return Html.format(
                "%,d of %,d samples are good, %,d with images; %s %% of %,d positions are learned; %,d errors, %,d warnings",
                valid, samples, withImages, Html.percent(targetTokenShare(), 1), positions, errors(), warnings());
    }

    /** The report as JSON. */
    public ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("samples", samples).put("good", valid).put("with_images", withImages);
        json.put("positions", positions).put("supervised", targetTokens);
        json.put("errors", errors()).put("warnings", warnings());
        ObjectNode byLength = json.putObject("lengths");
        lengths.forEach((length, count) -> byLength.put(String.valueOf(length), count));
        ObjectNode rules = json.putObject("rules");
        for (LintRule rule : LintRule.values()) {
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
