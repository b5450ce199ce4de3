package org.llava4j.eval.report;

import org.jspecify.annotations.Nullable;
import org.llava4j.data.scienceqa.ParsedAnswer;
import org.llava4j.data.scienceqa.ScienceQaProblem;

/**
 * A problem with the model's answer.
 *
 * @param text generated text
 * @param parsedAnswer answer parsed from the text
 * @param image image of the problem; null if it has none
 * @param note a sentence shown after the outcome; may be empty
 */
public record Example(
        ScienceQaProblem problem,
        String text,
        ParsedAnswer parsedAnswer,
        @Nullable ReportImage image,
        String note) {

    /** Without a note. */
    public Example(ScienceQaProblem problem, String text, ParsedAnswer parsedAnswer, @Nullable ReportImage image) {
        this(problem, text, parsedAnswer, image, "");
    }
}
