package org.llava4j.eval.compare;

import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.InputPaths;
import org.llava4j.data.records.ScienceQaRecordReader;

/** {@code exec:java@compare}: compares two ScienceQA evaluations with McNemar's test. */
public final class CompareMain extends Command {
    private static final String KIND = "comparison";

    private CompareMain() {
        super("compare", "Compares two evaluations on the same ScienceQA problems, with McNemar's test.");
    }

    public static void main(String[] args) {
        new CompareMain().execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(
                        required(
                                "first",
                                "DIR",
                                "output folder of scienceqa, or a prediction file: answers or results of LLaVA, results of ScienceQA"))
                .addOption(required("second", "DIR", "the second evaluation, likewise"))
                .addOption(required("data-path", "DIR", "ScienceQA folder"))
                .addOption(flag("split", "NAME", "evaluated split (default test)"))
                .addOption(required("output-dir", "DIR", "output folder of the report"));
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
