package org.llava4j.eval.demo;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.llava4j.data.Html;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.eval.report.ReportTable;

/** The runs that are expected near chance: before stage 2, and with the image of another problem. */
record ChanceTable(DemoResult result) {
    static final List<String> RUNS = List.of(DemoResult.BEFORE, DemoResult.AFTER_STAGE_1, DemoResult.SHUFFLED);

    ReportTable table() {
        return new ReportTable(
                "Before stage 2, and without the right image",
                List.of("", "correct", "incorrect", "unparsed", "accuracy, %", "with guesses, %"),
                RUNS.stream().map(this::row).toList(),
                Html.format(
                        "An unparsed answer names no option: after stage 1 the model describes the image, because stage 1"
                                + " has captions and no questions. \"With guesses\" is the expected accuracy if each of these"
                                + " is replaced by a random choice, as LLaVA's evaluation script does. Chance is %s %%.",
                        Html.percent(result.chance(), 1)));
    }

    private List<String> row(String run) {
        AnswerCounts counts = result.counts(run);
        return List.of(
                DemoResult.label(run),
                String.valueOf(counts.correct()),
                String.valueOf(counts.incorrect()),
                String.valueOf(counts.unparsed()),
                Html.percent(counts.accuracy(), 1),
                Html.percent(result.accuracyWithGuesses(run), 1));
    }

    /** Accuracies with guesses for {@code report.json}. */
    Map<String, Double> withGuesses() {
        Map<String, Double> values = new LinkedHashMap<>();
        RUNS.forEach(run -> values.put(run, result.accuracyWithGuesses(run)));
        return values;
    }
}
