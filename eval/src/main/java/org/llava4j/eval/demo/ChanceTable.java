package org.llava4j.eval.demo;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.llava4j.data.Html;
import org.llava4j.eval.report.ReportTable;

/** The evaluations whose accuracy should be near chance, with a guess for each unparsed answer. */
record ChanceTable(DemoResult result) {
    static final List<DemoEvaluation> EVALUATIONS =
            List.of(DemoEvaluation.BEFORE, DemoEvaluation.AFTER_STAGE_1, DemoEvaluation.SHUFFLED);

    ReportTable table() {
        return new ReportTable(
                "Checks, with guesses for unparsed answers",
                List.of("", "unparsed", "accuracy, %", "with guesses, %", "chance, %"),
                EVALUATIONS.stream().map(this::row).toList(),
                "An unparsed answer names no option. After stage 1 the model describes the image: stage 1 has captions and no"
                        + " questions. \"With guesses\" is the expected accuracy if each unparsed answer is replaced by a random"
                        + " choice, as LLaVA's evaluation script does.");
    }

    private List<String> row(DemoEvaluation evaluation) {
        return List.of(
                evaluation.label(),
                String.valueOf(result.counts(evaluation).unparsed()),
                Html.percent(result.counts(evaluation).accuracy(), 1),
                Html.percent(result.accuracyWithGuesses(evaluation), 1),
                Html.percent(result.chance(), 1));
    }

    /** Accuracies with guesses for {@code report.json}. */
    Map<String, Double> withGuesses() {
        Map<String, Double> values = new LinkedHashMap<>();
        for (DemoEvaluation evaluation : EVALUATIONS) {
            values.put(evaluation.key(), result.accuracyWithGuesses(evaluation));
        }
        return values;
    }
}
