package org.llava4j.train.lint;

import java.util.List;
import java.util.Map;
import org.llava4j.data.Html;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.tokenizer.LlamaTokenizer;

/**
 * Lint report as an HTML page: counts, lengths, findings, and example samples token by token with their target tokens
 * marked.
 */
final class LintHtmlReport {
    private static final String HEAD = """
            <!doctype html><html lang="en"><meta charset="utf-8"><title>Training data</title>
            <meta name="viewport" content="width=device-width">
            <style>
            :root { color-scheme: light dark; }
            body { font: 16px/1.5 system-ui, sans-serif; max-width: 900px; margin: 2em auto; padding: 0 1em; }
            table { border-collapse: collapse; width: 100%; } td, th { padding: .2em .6em; text-align: left; }
            tr { border-bottom: 1px solid #8884; } td.n { text-align: right; }
            .bar { display: inline-block; height: .8em; background: #2a6fdb; }
            .tokens { font: 14px/1.7 ui-monospace, monospace; white-space: pre-wrap; border: 1px solid #8884; padding: .6em; }
            .tokens b { font-weight: normal; background: #2a9d4a55; border-bottom: 2px solid #2a9d4a; }
            .tokens i { font-style: normal; border: 1px solid #2a6fdb; border-radius: 3px; padding: 0 .3em; }
            .tokens s { opacity: .5; }
            .tokens span, .tokens b, .tokens s { border-right: 1px dotted #8888; }
            .error { color: #c0392b; } .warning { color: #b9770e; }
            </style>
            """;

    private final LintReport report;

    LintHtmlReport(LintReport report) {
        this.report = report;
    }

    String html() {
        StringBuilder page = new StringBuilder(HEAD);
        page.append("<h1>Training data</h1><p>")
                .append(Html.escape(report.summary()))
                .append(".</p>");
        page.append("<h2>Findings</h2><table><tr><th>rule</th><th></th><th>count</th></tr>");
        for (LintRule rule : LintRule.values()) {
            page.append(Html.format(
                    "<tr><td class=\"%s\">%s</td><td>%s</td><td class=\"n\">%,d</td></tr>",
                    severity(rule), rule.label(), Html.escape(rule.description()), report.count(rule)));
        }
        page.append("</table>");
        for (LintRule rule : LintRule.values()) {
            findings(page, rule);
        }
        lengths(page);
        page.append(
                "<h2>Examples</h2><p>Target tokens are <span class=\"tokens\" style=\"border:0;padding:0\"><b>marked"
                        + "</b></span>, one placeholder stands for the tokens of an image, truncated tokens are struck through.</p>");
        report.examples().forEach(sample -> sample(page, sample));
        return page.append("</html>\n").toString();
    }

    private static String severity(LintRule rule) {
        return rule.isError() ? "error" : "warning";
    }

    private void findings(StringBuilder page, LintRule rule) {
        List<LintFinding> findings = report.findings(rule);
        if (findings.isEmpty()) {
            return;
        }
        page.append(Html.format("<h3 class=\"%s\">%s</h3><table>", severity(rule), Html.escape(rule.label())));
        findings.forEach(finding -> page.append(Html.format(
                "<tr><td>%s</td><td>%s</td></tr>", Html.escape(finding.where()), Html.escape(finding.message()))));
        page.append("</table>");
        if (report.count(rule) > findings.size()) {
            page.append(Html.format("<p>and %,d more</p>", report.count(rule) - findings.size()));
        }
    }

    private void lengths(StringBuilder page) {
        int largest = report.lengths().values().stream()
                .mapToInt(Integer::intValue)
                .max()
                .orElse(1);
        page.append(Html.format(
                "<h2>Lengths</h2><p>Tokens including image tokens; the maximum length is %,d.</p><table>",
                report.collatorOptions().maxLength()));
        for (Map.Entry<Integer, Integer> length : report.lengths().entrySet()) {
            page.append(Html.format(
                    "<tr><td class=\"n\">%,d to %,d</td><td><span class=\"bar\" style=\"width:%.1fem\"></span> %,d</td></tr>",
                    length.getKey(),
                    length.getKey() + LintReport.LENGTH_STEP - 1,
                    30.0 * length.getValue() / largest,
                    length.getValue()));
        }
        page.append("</table>");
    }

    private void sample(StringBuilder page, LintedSample sample) {
        page.append(Html.format(
                "<h3>%s</h3><p>%s: %,d tokens, %,d target tokens, %d image(s)</p><div class=\"tokens\">",
                Html.escape(sample.id().isEmpty() ? "without id" : sample.id()),
                Html.escape(sample.where()),
                sample.length(),
                sample.targetTokens(),
                sample.images()));
        if (sample.encoded() != null) {
            tokens(page, sample.encoded());
        }
        page.append("</div>");
    }

    private void tokens(StringBuilder page, EncodedSample encoded) {
        LlamaTokenizer tokenizer = report.encoder().tokenizer();
        int position = 0;
        for (int i = 0; i < encoded.inputIds().length; i++) {
            int id = encoded.inputIds()[i];
            boolean image = id == LlamaTokenizer.IMAGE_TOKEN_ID;
            position += image ? report.collatorOptions().numImageTokens() : 1;
            String text = image
                    ? "image, " + report.collatorOptions().numImageTokens() + " tokens"
                    : tokenizer.piece(id).replace('\u2581', ' ').replace("<0x0A>", "\u23ce\n");
            String tag = position > report.collatorOptions().maxLength()
                    ? "s"
                    : image ? "i" : encoded.labels()[i] != EncodedSample.IGNORE_INDEX ? "b" : "span";
            page.append(Html.format("<%s>%s</%s>", tag, Html.escape(text), tag));
        }
    }
}
