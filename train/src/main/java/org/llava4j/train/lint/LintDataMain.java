package org.llava4j.train.lint;

import java.nio.file.Path;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.RecordCommand;
import org.llava4j.cli.RecordExecutor;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.train.command.DataSourceFlags;
import org.llava4j.train.command.SampleEncodingFlags;

/** {@code exec:java@lint-data}: lints training data; ends with an error if samples are invalid. */
public final class LintDataMain extends RecordCommand<LintedSample> {
    private static final String KIND = "lint";
    private static final int DEFAULT_EXAMPLES = 20;

    /** @param executor where samples are read */
    public LintDataMain(RecordExecutor executor) {
        super(
                "lint-data",
                "Checks training data as a stage reads it and reports invalid, truncated and duplicate samples.",
                executor);
    }

    public static void main(String[] args) {
        new LintDataMain(RecordExecutor.LOCAL).execute(args);
    }

    @Override
    protected Options options() {
        return SampleEncodingFlags.addTo(new Options())
                .addOption(required("output-dir", "DIR", "output folder of lint.html, lint.json and lint-junit.xml"))
                .addOption(flag(
                        "fail-on",
                        "WHAT",
                        "findings that end the command with an error: error (default), warning or never"))
                .addOption(flag("show", "N", "number of example samples to show token by token (default 20)"));
    }

    @Override
    public LintProcessor open(CommandLine line) {
        return new LintProcessor(
                SampleEncodingFlags.of(line), DataSourceFlags.singleStage().sources(line));
    }

    @Override
    protected void run(CommandLine line) {
        String failOn = line.getOptionValue("fail-on", "error");
        if (!List.of("error", "warning", "never").contains(failOn)) {
            throw new BadInputException("--fail-on is " + failOn + "; use error, warning or never");
        }
        LintReport report;
        Path output = path(line, "output-dir");
        try (AtomicFolder folder = AtomicFolder.begin(output, KIND, SampleEncodingFlags.inputs(line));
                LintProcessor samples = open(line)) {
            report = samples.linter().report(results(line, samples), atLeast(0, line, "show", DEFAULT_EXAMPLES));
            report.setLayouts(samples.layouts());
            write(report, folder.path(), failOn.equals("warning"));
            folder.commit();
        }
        System.out.println(report.summary());
        System.out.println("wrote " + output);
        int counted = failOn.equals("never") ? 0 : report.errors() + (failOn.equals("warning") ? report.warnings() : 0);
        if (counted > 0) {
            throw new BadInputException(report.errors() + " errors and " + report.warnings() + " warnings in "
                    + report.samples() + " samples; see " + output.resolve("lint.html"));
        }
    }

    private static void write(LintReport report, Path folder, boolean failOnWarnings) {
        AtomicFile.writeString(folder.resolve("lint.html"), new LintHtmlReport(report).html());
        AtomicFile.writeString(folder.resolve("lint.json"), report.json().toPrettyString() + "\n");
        AtomicFile.writeString(folder.resolve("lint-junit.xml"), JunitReport.of(report, failOnWarnings));
    }
}
