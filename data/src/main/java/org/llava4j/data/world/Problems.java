package org.llava4j.data.world;

import java.util.SplittableRandom;
import org.llava4j.data.scienceqa.ScienceQaProblem;

/** Makes problems of every kind. {@code turn} counts up within a kind and goes round answers and their places. */
final class Problems {
    private Problems() {}

    static Drawing draw(Kind kind, int turn, SplittableRandom random) {
        return switch (kind) {
            case SOLUTION -> SolutionScene.draw(turn, random);
            case MAGNETS -> MagnetScene.draw(turn, random);
            case THERMOMETER -> ThermometerScene.draw(turn, random);
            case COUNT -> ShapesScene.count(turn, random);
            case COMPARE -> ShapesScene.compare(turn, random);
            case MAP -> MapScene.draw(turn, random);
            case SIGN -> SignScene.draw(turn, random);
            case FACTS -> TextOnly.facts(turn, random);
            case KNOWLEDGE -> TextOnly.knowledge(turn, random);
        };
    }

    /** The question as a ScienceQA entry; {@code image} is a file name or empty. */
    static ScienceQaProblem entry(String id, Kind kind, int turn, Question question, String image, String split) {
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
