package org.llava4j.data.pretraining;

import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.cli.Command;

/** {@code exec:java@filter-concepts}: the paper's choice of captions for stage 1. */
public final class FilterConceptsMain extends Command {

    private final PhraseFinder finder;

    /** @param finder finds the phrases, which takes nearly all of the time */
    public FilterConceptsMain(PhraseFinder finder) {
        super(
                "filter-concepts",
                "Chooses captions so that rare things are kept and frequent ones do not crowd them out.");
        this.finder = finder;
    }

    public static void main(String[] args) {
        new FilterConceptsMain(ConceptFilter::onAllProcessors).execute(args);
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
    protected void run(CommandLine line) {
        RarestFirst rule = new RarestFirst(
                atLeast(1, line, "min-count", RarestFirst.PAPER.minCount()),
                atLeast(1, line, "max-per-phrase", RarestFirst.PAPER.mostOfOne()),
                line.hasOption("count-chosen"),
                RarestFirst.Ties.named(line.getOptionValue("ties", "alphabetical")),
                integer(line, "seed", (int) RarestFirst.PAPER.seed()));
        ConceptReport report = ConceptFilter.run(
                path(line, "data-path"), rule, !line.hasOption("keep-case"), path(line, "output-dir"), finder);
        System.out.println(report.summary());
        System.out.println("wrote " + path(line, "output-dir"));
    }
}
