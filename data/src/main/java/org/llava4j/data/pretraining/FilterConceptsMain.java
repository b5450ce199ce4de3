package org.llava4j.data.pretraining;

import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.InputPaths;
import org.llava4j.data.cli.RecordCommand;
import org.llava4j.data.cli.RecordExecutor;

/** {@code exec:java@filter-concepts}: the paper's choice of captions for stage 1. */
public final class FilterConceptsMain extends RecordCommand<List<String>> {

    /** @param place where phrases are found, which takes nearly all of the time */
    public FilterConceptsMain(RecordExecutor place) {
        super(
                "filter-concepts",
                "Chooses captions so that rare things are kept and frequent ones do not crowd them out.",
                place);
    }

    public static void main(String[] args) {
        new FilterConceptsMain(RecordExecutor.LOCAL).execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(required("data-path", "FILE", "captions: CC3M's .tsv, metadata.json, chat.json or COCO's"))
                .addOption(required("output-dir", "DIR", "where captions.json, report.html and report.json go"))
                .addOption(flag("min-count", "N", "phrases that fewer captions hold are passed over (default 3)"))
                .addOption(flag("max-per-phrase", "N", "of a phrase that more captions hold, so many (default 100)"))
                .addOption(toggle("count-chosen", "captions that a rarer phrase brought count among them"))
                .addOption(flag("ties", "ORDER", "of phrases as rare as each other: alphabetical (default) or seeded"))
                .addOption(toggle("keep-case", "\"Apple\" and \"apple\" are two phrases"))
                .addOption(flag("seed", "N", "of what is drawn (default 42)"));
    }

    @Override
    public CaptionNounPhrases open(CommandLine line) {
        return new CaptionNounPhrases(path(line, "data-path"), !line.hasOption("keep-case"));
    }

    @Override
    protected void run(CommandLine line) {
        RarestFirstSelection rule = new RarestFirstSelection(
                atLeast(1, line, "min-count", RarestFirstSelection.PAPER.minCount()),
                atLeast(1, line, "max-per-phrase", RarestFirstSelection.PAPER.maxPerPhrase()),
                line.hasOption("count-chosen"),
                RarestFirstSelection.TieOrder.named(line.getOptionValue("ties", "alphabetical")),
                integer(line, "seed", (int) RarestFirstSelection.PAPER.seed()));
        InputPaths inputs = InputPaths.of(path(line, "data-path"));
        inputs.requireNoOverlap(path(line, "output-dir"));
        try (CaptionNounPhrases phrases = open(line)) {
            ConceptReport report =
                    ConceptFilter.run(phrases.reader(), results(line, phrases), rule, inputs, path(line, "output-dir"));
            System.out.println(report.summary());
            System.out.println("wrote " + path(line, "output-dir"));
        }
    }
}
