package org.llava4j.eval.report;

import java.util.List;

/**
 * A table of texts.
 *
 * @param heading what it is of
 * @param head its columns; the first is that of the rows' names
 * @param rows each as long as the head
 * @param caption what a reader must know
 */
public record ReportTable(String heading, List<String> head, List<List<String>> rows, String caption) {
    public ReportTable {
        head = List.copyOf(head);
        rows = rows.stream().map(List::copyOf).toList();
        for (List<String> row : rows) {
            if (row.size() != head.size()) {
                throw new IllegalArgumentException(row + " does not fit " + head);
            }
        }
    }
}
