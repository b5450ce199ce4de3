package org.llava4j.eval.report;

import org.llava4j.data.scienceqa.AnswerCounts;

/**
 * Headline metric of a report: one accuracy with its counts.
 *
 * @param key name in {@code report.json}: lower case letters, digits and underscores
 * @param label name in tables
 */
public record HeadlineMetric(String key, String label, AnswerCounts counts) {
    public HeadlineMetric {
        if (!key.matches("[a-z][a-z0-9_]*")) {
            throw new IllegalArgumentException("\"" + key + "\" is not a metric key; use a-z, 0-9 and _");
        }
    }
}
