package org.llava4j.data.scienceqa;

import java.util.List;

/** Results on ScienceQA's test split that the paper reports (Liu et al. 2023, table 7), for comparison. */
public final class PaperTable7 {
    private PaperTable7() {}

    /**
     * Row of the table.
     *
     * @param method name of the method
     * @param percent accuracies in percent, in the column order of {@link ScienceQaColumn}, as in the paper
     */
    public record Row(String method, List<Double> percent) {}

    /** All methods, in the paper's order. */
    public static final List<Row> ROWS = List.of(
            row("Human", 90.23, 84.97, 87.48, 89.60, 87.50, 88.10, 91.59, 82.42, 88.40),
            row("GPT-3.5", 74.64, 69.74, 76.00, 74.44, 67.28, 77.42, 76.80, 68.89, 73.97),
            row("GPT-3.5 with chain of thought", 75.44, 70.87, 78.09, 74.68, 67.43, 79.93, 78.23, 69.68, 75.17),
            row("LLaMA-Adapter", 84.37, 88.30, 84.36, 83.72, 80.32, 86.90, 85.83, 84.05, 85.19),
            row("MM-CoT base", 87.52, 77.17, 85.82, 87.88, 82.90, 86.83, 84.65, 85.37, 84.91),
            row("MM-CoT large", 95.91, 82.00, 90.82, 95.26, 88.80, 92.89, 92.44, 90.31, 91.68),
            row("GPT-4, text only", 84.06, 73.45, 87.36, 81.87, 70.75, 90.73, 84.69, 79.10, 82.69),
            row("LLaVA 13B", 90.36, 95.95, 88.00, 89.49, 88.00, 90.66, 90.93, 90.90, 90.92),
            row("LLaVA 13B + GPT-4, complement", 90.36, 95.50, 88.55, 89.05, 87.80, 91.08, 92.22, 88.73, 90.97),
            row("LLaVA 13B + GPT-4, judge", 91.56, 96.74, 91.09, 90.62, 88.99, 93.52, 92.73, 92.16, 92.53));

    private static Row row(String method, Double... percent) {
        return new Row(method, List.of(percent));
    }
}
