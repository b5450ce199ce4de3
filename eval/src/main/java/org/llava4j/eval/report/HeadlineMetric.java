package org.llava4j.eval.report;

import org.llava4j.data.scienceqa.AnswerCounts;

/**
 * One of the few numbers a report is about.
 *
 * @param key its name in {@code report.json}: lower case, digits and underscores
 * @param label its name for people
 */
public record HeadlineMetric(String key, String label, AnswerCounts counts) {
    public HeadlineMetric {
        if (!key.matches("[a-z][a-z0-9_]*")) {
            throw new IllegalArgumentException("\"" + key + "\" is no name for a number: use a-z, 0-9 and _");
        }
    }
}
