package org.llava4j.data.scienceqa;

import java.util.List;
import org.llava4j.data.BadInputException;

/**
 * Problem of ScienceQA's {@code problems.json} (Lu et al. 2022). Absent texts are empty strings.
 *
 * @param id key in {@code problems.json}
 * @param answer index of the correct choice in {@code choices}
 * @param image file name inside {@code images/<split>/<id>/}; empty if the problem has none
 * @param subject "natural science", "social science" or "language science"
 * @param grade "grade1" .. "grade12"
 */
public record ScienceQaProblem(
        String id,
        String question,
        List<String> choices,
        int answer,
        String hint,
        String image,
        String task,
        String grade,
        String subject,
        String topic,
        String category,
        String skill,
        String lecture,
        String solution,
        String split) {

    public ScienceQaProblem {
        choices = List.copyOf(choices);
        if (answer < 0 || answer >= choices.size()) {
            throw new BadInputException("ScienceQA problem " + id + ": answer " + answer + " is outside its "
                    + choices.size() + " choices; correct \"answer\" (an index from 0)");
        }
    }

    /** Returns the problem without its image. */
    public ScienceQaProblem withoutImage() {
        return with(hint, "");
    }

    /** Returns the problem without its hint. */
    public ScienceQaProblem withoutHint() {
        return with("", image);
    }

    private ScienceQaProblem with(String newHint, String newImage) {
        return new ScienceQaProblem(
                id, question, choices, answer, newHint, newImage, task, grade, subject, topic, category, skill, lecture,
                solution, split);
    }

    /** Question, context and choices: equal for two text-only problems that ask the same. */
    public Wording wording() {
        return new Wording(question, hint, choices);
    }

    /** The text of a problem without its answer and metadata. */
    public record Wording(String question, String hint, List<String> choices) {}

    /** Tests whether the problem has an image. */
    public boolean hasImage() {
        return !image.isEmpty();
    }
}
