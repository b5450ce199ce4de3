package org.llava4j.eval.compare;

import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.InputPaths;
import org.llava4j.data.cli.Command;
import org.llava4j.data.records.ScienceQaRecordReader;

/** {@code exec:java@compare}: whether two evaluations of ScienceQA differ, and where. */
public final class CompareMain extends Command {
    private static final String KIND = "comparison";

    private CompareMain() {
        super("compare", "Compares two evaluations of the same problems of ScienceQA.");
    }

    public static void main(String[] args) {
        new CompareMain().execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(required("first", "DIR", "what @scienceqa wrote, or a file of predictions, LLaVA's own too"))
                .addOption(required("second", "DIR", "the other"))
                .addOption(required("data-path", "DIR", "ScienceQA's folder"))
                .addOption(flag("split", "NAME", "which split was answered (default test)"))
                .addOption(required("output-dir", "DIR", "where the report goes"));
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        InputPaths inputs = InputPaths.of(path(line, "first"), path(line, "second"), path(line, "data-path"));
        inputs.requireNoOverlap(output);
        EvaluationComparison comparison = new EvaluationComparison(
                ScienceQaRecordReader.problems(path(line, "data-path"), line.getOptionValue("split", "test")),
                path(line, "first"),
                path(line, "second"));
        try (AtomicFolder folder = AtomicFolder.begin(output, KIND, inputs)) {
            comparison.report().write(folder.path());
            folder.commit();
        }
        System.out.println(comparison.sentence(comparison.overall()));
        System.out.println("see " + output.resolve("report.html"));
    }
}
