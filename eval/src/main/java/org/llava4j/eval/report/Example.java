package org.llava4j.eval.report;

import java.util.Optional;
import org.llava4j.data.scienceqa.ParsedAnswer;
import org.llava4j.data.scienceqa.ScienceQaProblem;

/**
 * A problem with what the model said to it.
 *
 * @param text the model's own words
 * @param parsedAnswer what was read out of them
 * @param image the problem's image, where it has one
 * @param note a sentence beside the verdict; may be empty
 */
public record Example(
        ScienceQaProblem problem, String text, ParsedAnswer parsedAnswer, Optional<ReportImage> image, String note) {

    /** Without a note. */
    public Example(ScienceQaProblem problem, String text, ParsedAnswer extraction, Optional<ReportImage> picture) {
        this(problem, text, extraction, picture, "");
    }
}
