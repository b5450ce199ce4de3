/**
 * What an evaluation found, for people ({@code report.html}, one file that needs nothing else) and for programs
 * ({@code report.json}). Both are written from one {@link org.llava4j.eval.report.Report}, so they cannot disagree.
 * Accuracies are fractions 0 to 1 in JSON and percentages in HTML.
 */
package org.llava4j.eval.report;
