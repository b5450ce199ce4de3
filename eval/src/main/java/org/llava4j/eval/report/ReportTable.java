package org.llava4j.eval.report;

import java.util.List;
import java.util.Map;

/**
 * A table of strings. A cell may have several lines.
 *
 * @param heading heading above the table
 * @param head column names; the first column names the rows
 * @param rows rows, each as long as the head
 * @param caption caption below the table; may be empty
 * @param groups headings of groups of rows, by the number of the first row, from 0; may be empty
 */
public record ReportTable(
        String heading, List<String> head, List<List<String>> rows, String caption, Map<Integer, String> groups) {
    public ReportTable {
        head = List.copyOf(head);
        rows = rows.stream().map(List::copyOf).toList();
        groups = Map.copyOf(groups);
        for (List<String> row : rows) {
            if (row.size() != head.size()) {
                throw new IllegalArgumentException(row + " does not match the columns " + head);
            }
        }
    }

    /** A table without groups of rows. */
    public ReportTable(String heading, List<String> head, List<List<String>> rows, String caption) {
        this(heading, head, rows, caption, Map.of());
    }
}
