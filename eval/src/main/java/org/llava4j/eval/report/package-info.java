/**
 * Evaluation reports as HTML ({@code report.html}, a single file), JSON ({@code report.json}), Markdown and LaTeX. All
 * are rendered from one {@link org.llava4j.eval.report.Report}, so they agree. Accuracies are fractions from 0 to 1 in
 * JSON and percentages elsewhere.
 */
package org.llava4j.eval.report;
