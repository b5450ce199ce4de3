package org.llava4j.data.synthetic;

import java.util.SplittableRandom;

/** Content of an image, which can be rendered and described. It is independent of questions about it. */
sealed interface Scene permits SolutionScene, MagnetScene, ThermometerScene, ShapesScene, MapScene, SignScene {

    /** Renders the scene; the canvas samples what the scene leaves open (position, shade). */
    void render(Canvas canvas);

    /** Returns a caption: one true sentence, in one of a few wordings. */
    String caption(SplittableRandom random);

    /** Returns a label: the content in a few words of fixed order; each scene has exactly one. */
    String label();

    /** Returns a random scene for a caption; all problem types with an image are equally frequent. */
    static Scene random(SplittableRandom random) {
        ProblemType type = ProblemType.withImage()
                .get(random.nextInt(ProblemType.withImage().size()));
        int turn = random.nextInt(1 << 16);
        SceneQuestion question = type == ProblemType.MAP
                ? MapScene.generate(turn, random)
                : ProblemGenerator.generate(type, turn, random);
        return question.requireScene();
    }
}
