package org.llava4j.data.pretraining;

import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.RecordCommand;
import org.llava4j.cli.RecordExecutor;
import org.llava4j.data.EnumName;
import org.llava4j.data.InputPaths;

/** Command {@code exec:java@filter-concepts}: filters the captions of stage 1 as the paper does. */
public final class FilterConceptsMain extends RecordCommand<List<String>> {

    /**
     * Creates the command.
     *
     * @param executor runs the extraction of noun phrases, which takes most of the time
     */
    public FilterConceptsMain(RecordExecutor executor) {
        super(
                "filter-concepts",
                "Filters captions by noun-phrase frequency, which keeps rare concepts and limits frequent ones.",
                executor);
    }

    public static void main(String[] args) {
        new FilterConceptsMain(RecordExecutor.LOCAL).execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(required("data-path", "FILE", "captions: CC3M's .tsv, metadata.json, chat.json or COCO's"))
                .addOption(required("output-dir", "DIR", "output folder of captions.json, report.html and report.json"))
                .addOption(flag("min-count", "N", "ignore phrases of fewer captions (default 3)"))
                .addOption(flag("max-per-phrase", "N", "select at most N captions of a phrase (default 100)"))
                .addOption(alias(
                        toggle(
                                "count-selected",
                                "captions already selected for a rarer phrase count towards --max-per-phrase"),
                        "count-chosen"))
                .addOption(
                        flag("ties", "ORDER", "order of phrases of equal frequency: alphabetical (default) or seeded"))
                .addOption(toggle("keep-case", "distinguish phrases by case"))
                .addOption(flag("seed", "N", "random seed (default 42)"));
    }

    @Override
    public CaptionProcessor<List<String>> open(CommandLine line) {
        return CaptionProcessor.nounPhrases(path(line, "data-path"), !line.hasOption("keep-case"));
    }

    @Override
    protected void run(CommandLine line) {
        RarestFirstSelection selection = new RarestFirstSelection(
                atLeast(1, line, "min-count", RarestFirstSelection.PAPER.minCount()),
                atLeast(1, line, "max-per-phrase", RarestFirstSelection.PAPER.maxPerPhrase()),
                line.hasOption("count-selected"),
                EnumName.parse(
                        RarestFirstSelection.TieOrder.class, "--ties", line.getOptionValue("ties", "alphabetical")),
                integer(line, "seed", (int) RarestFirstSelection.PAPER.seed()));
        InputPaths inputs = InputPaths.of(path(line, "data-path"));
        inputs.requireNoOverlap(path(line, "output-dir"));
        try (CaptionProcessor<List<String>> phrases = open(line)) {
            ConceptReport report = ConceptFilter.run(
                    phrases.reader(), results(line, phrases), selection, inputs, path(line, "output-dir"));
            System.out.println(report.summary());
            System.out.println("wrote " + path(line, "output-dir"));
        }
    }
}
