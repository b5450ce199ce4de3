package org.llava4j.train.lint;

import java.util.stream.Collectors;
import org.llava4j.data.Html;

/** Lint report as JUnit XML for build servers: each rule is a test that fails if it has findings. */
final class JunitReport {
    private static final int MAX_LINES = 50;

    private JunitReport() {}

    /** @param failOnWarnings whether warnings fail their test too */
    static String of(LintReport report, boolean failOnWarnings) {
        StringBuilder xml = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        long failed = 0;
        StringBuilder tests = new StringBuilder();
        for (LintRule rule : LintRule.values()) {
            int count = report.count(rule);
            boolean fails = count > 0 && (rule.isError() || failOnWarnings);
            failed += fails ? 1 : 0;
            tests.append(Html.format("  <testcase classname=\"lint-data\" name=\"%s\">", rule.label()));
            if (count > 0) {
                String lines = report.findings(rule).stream()
                        .limit(MAX_LINES)
                        .map(finding -> finding.where() + ": " + finding.message())
                        .collect(Collectors.joining("\n"));
                tests.append(Html.format(
                        fails ? "<failure message=\"%d: %s\">%s</failure>" : "<system-out>%d: %s\n%s</system-out>",
                        count,
                        Html.escape(rule.description()),
                        Html.escape(lines)));
            }
            tests.append("</testcase>\n");
        }
        xml.append(Html.format(
                "<testsuite name=\"lint-data\" tests=\"%d\" failures=\"%d\" errors=\"0\" skipped=\"0\">\n",
                LintRule.values().length, failed));
        return xml.append(tests).append("</testsuite>\n").toString();
    }
}
