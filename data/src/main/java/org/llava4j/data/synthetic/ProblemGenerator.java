package org.llava4j.data.synthetic;

import java.util.SplittableRandom;
import org.llava4j.data.scienceqa.ScienceQaProblem;

/** Makes problems of every kind. {@code turn} counts up within a kind and goes round answers and their places. */
final class ProblemGenerator {
    private ProblemGenerator() {}

    static SceneQuestion generate(ProblemType kind, int turn, SplittableRandom random) {
        return switch (kind) {
            case SOLUTION -> SolutionScene.generate(turn, random);
            case MAGNETS -> MagnetScene.generate(turn, random);
            case THERMOMETER -> ThermometerScene.generate(turn, random);
            case COUNT -> ShapesScene.count(turn, random);
            case COMPARE -> ShapesScene.compare(turn, random);
            case MAP -> MapScene.generate(turn, random);
            case SIGN -> SignScene.generate(turn, random);
            case FACTS -> TextOnlyProblems.facts(turn, random);
            case KNOWLEDGE -> TextOnlyProblems.knowledge(turn, random);
        };
    }

    /** The question as a ScienceQA entry; {@code image} is a file name or empty. */
    static ScienceQaProblem toScienceQa(
            String id, ProblemType kind, int turn, MultipleChoiceQuestion question, String image, String split) {
        return new ScienceQaProblem(
                id,
                question.text(),
                question.choices(),
                question.answer(),
                question.hint(),
                image,
                "closed choice",
                kind.grade(turn),
                kind.subject(),
                kind.topic(),
                kind.category(),
                kind.skill(),
                kind.lecture(),
                question.solution(),
                split);
    }
}
