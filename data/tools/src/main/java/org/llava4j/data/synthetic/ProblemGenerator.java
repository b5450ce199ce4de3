package org.llava4j.data.synthetic;

import java.util.SplittableRandom;
import org.llava4j.data.scienceqa.ScienceQaProblem;

/**
 * Generator of problems of every type. {@code turn} counts up within a type and cycles through answers and their
 * positions. Questions about maps ask for the way from the house; captions and
 * {@link TextCorpus} have maps of any two landmarks.
 */
final class ProblemGenerator {
    private ProblemGenerator() {}

    static SceneQuestion generate(ProblemType type, int turn, SplittableRandom random) {
        return switch (type) {
            case SOLUTION -> SolutionScene.generate(turn, random);
            case MAGNETS -> MagnetScene.generate(turn, random);
            case THERMOMETER -> ThermometerScene.generate(turn, random);
            case COUNT -> ShapesScene.count(turn, random);
            case COMPARE -> ShapesScene.compare(turn, random);
            case MAP -> MapScene.generate(Landmark.HOUSE, turn, random);
            case SIGN -> SignScene.generate(turn, random);
            case FACTS -> TextOnlyProblems.facts(turn, random);
            case KNOWLEDGE -> TextOnlyProblems.knowledge(turn, random);
        };
    }

    /** Converts a question to a ScienceQA problem; {@code image} is a file name or empty. */
    static ScienceQaProblem toScienceQa(
            String id, ProblemType type, int turn, MultipleChoiceQuestion question, String image, String split) {
        return new ScienceQaProblem(
                id,
                question.text(),
                question.choices(),
                question.answer(),
                question.hint(),
                image,
                "closed choice",
                type.grade(turn),
                type.subject(),
                type.topic(),
                type.category(),
                type.skill(),
                type.lecture(),
                question.solution(),
                split);
    }
}
