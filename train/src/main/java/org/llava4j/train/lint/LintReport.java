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
import org.jspecify.annotations.Nullable;
import org.llava4j.data.Html;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.conversation.ConversationEncoder;
import org.llava4j.data.records.LayoutCounts;

/** Lint report of a dataset: counts, length histogram, findings by rule, and example samples. */
final class LintReport {
    /** Further findings of a rule are only counted. */
    static final int MAX_FINDINGS_LISTED = 200;

    /** Bin width of the length histogram. */
    static final int LENGTH_STEP = 64;

    private final ConversationEncoder encoder;
    private final CollatorOptions collatorOptions;
    private final int maxExamples;
    private final List<LintedSample> examples = new ArrayList<>();
    private final Map<LintRule, Integer> counts = new EnumMap<>(LintRule.class);
    private final Map<LintRule, List<LintFinding>> findings = new EnumMap<>(LintRule.class);
    private final SortedMap<Integer, Integer> lengths = new TreeMap<>();
    private @Nullable LayoutCounts layouts;
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

    /** Sets the layouts of the dataset; null if it has no file of conversations. */
    void setLayouts(@Nullable LayoutCounts counts) {
        layouts = counts;
    }

    void add(LintedSample sample) {
        samples++;
        withImages += sample.images() > 0 ? 1 : 0;
        if (sample.encoded() != null) {
            int length = Math.min(sample.length(), collatorOptions.maxLength());
            positions += length;
            targetTokens += sample.targetTokens();
            lengths.merge(sample.length() / LENGTH_STEP * LENGTH_STEP, 1, Integer::sum);
        }
        boolean error = false;
        for (LintFinding finding : sample.findings()) {
            counts.merge(finding.rule(), 1, Integer::sum);
            List<LintFinding> list = findings.computeIfAbsent(finding.rule(), key -> new ArrayList<>());
            if (list.size() < MAX_FINDINGS_LISTED) {
                list.add(finding);
            }
            error |= finding.rule().isError();
        }
        valid += error ? 0 : 1;
        if (sample.encoded() != null && examples.size() < maxExamples) {
            examples.add(sample);
        }
    }

    /** Number of findings of a rule. */
    int count(LintRule rule) {
        return counts.getOrDefault(rule, 0);
    }

    /** The first findings of a rule, {@value #MAX_FINDINGS_LISTED} at most. */
    List<LintFinding> findings(LintRule rule) {
        return Collections.unmodifiableList(findings.getOrDefault(rule, List.of()));
    }

    /** Number of findings for which training skips the sample or stops. */
    int errors() {
        return counts.entrySet().stream()
                .filter(entry -> entry.getKey().isError())
                .mapToInt(Map.Entry::getValue)
                .sum();
    }

    /** Number of all other findings. */
    int warnings() {
        return counts.values().stream().mapToInt(Integer::intValue).sum() - errors();
    }

    /** Number of samples. */
    int samples() {
        return samples;
    }

    /** Length histogram: number of samples by the lower end of the bin. */
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

    /** Share of positions that have a target, 0..1. */
    double targetTokenShare() {
        return positions == 0 ? 0 : targetTokens / (double) positions;
    }

    /** Summary in one line. */
    String summary() {
        return Html.format(
                        "%,d of %,d samples are valid, %,d have images; %s %% of %,d tokens are targets; %,d errors, %,d warnings",
                        valid,
                        samples,
                        withImages,
                        Html.percent(targetTokenShare(), 1),
                        positions,
                        errors(),
                        warnings())
                + (layouts == null ? "" : "; " + layouts.phrase());
    }

    /** The report as JSON. */
    ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("samples", samples).put("valid", valid).put("with_images", withImages);
        if (layouts != null) {
            json.putObject("layouts")
                    .put("conversations", layouts.conversations())
                    .put("messages", layouts.messages());
        }
        json.put("positions", positions).put("target_tokens", targetTokens);
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
