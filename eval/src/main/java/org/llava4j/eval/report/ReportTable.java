package org.llava4j.eval.report;

import java.util.List;

/**
 * A table of strings.
 *
 * @param heading heading above the table
 * @param head column names; the first column names the rows
 * @param rows rows, each as long as the head
 * @param caption caption below the table; may be empty
 */
public record ReportTable(String heading, List<String> head, List<List<String>> rows, String caption) {
    public ReportTable {
        head = List.copyOf(head);
        rows = rows.stream().map(List::copyOf).toList();
        for (List<String> row : rows) {
            if (row.size() != head.size()) {
                throw new IllegalArgumentException(row + " does not match the columns " + head);
            }
        }
    }
}
