package org.llava4j.eval.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.llava4j.data.Html;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.data.scienceqa.PaperTable7;
import org.llava4j.data.scienceqa.ScienceQaColumn;

/** Rows of tables with the accuracies of the nine ScienceQA columns in percent; callers may add cells. */
public final class ColumnRows {
    private ColumnRows() {}

    /** The head: a heading, then the names of the columns. */
    public static List<String> head(String first) {
        List<String> head = new ArrayList<>(List.of(first));
        Arrays.stream(ScienceQaColumn.values()).map(ScienceQaColumn::label).forEach(head::add);
        return head;
    }

    /** The accuracies of an evaluation. */
    public static List<String> of(String name, Map<ScienceQaColumn, AnswerCounts> counts) {
        List<String> row = new ArrayList<>(List.of(name));
        for (ScienceQaColumn column : ScienceQaColumn.values()) {
            row.add(Html.percent(counts.getOrDefault(column, AnswerCounts.NONE).accuracy(), 2));
        }
        return row;
    }

    /** The rows of table 7 of the paper. */
    static List<List<String>> published() {
        List<List<String>> rows = new ArrayList<>();
        for (PaperTable7.Row published : PaperTable7.ROWS) {
            List<String> row = new ArrayList<>(List.of(published.method()));
            published.percent().forEach(percent -> row.add(Html.format("%.2f", percent)));
            rows.add(row);
        }
        return rows;
    }
}
