package org.llava4j.data.synthetic;

import java.util.SplittableRandom;

/** What a picture shows. It can be drawn and put into words; it knows no question. */
public sealed interface Scene permits SolutionScene, MagnetScene, ThermometerScene, ShapesScene, MapScene, SignScene {

    /** Draws the scene; what the scene leaves open (place, shade) comes from the canvas. */
    void render(Canvas canvas);

    /** One true sentence about what is to be seen, in one of a few wordings. */
    String caption(SplittableRandom random);

    /** What is to be seen in a few words of fixed order; one scene has one such label. */
    String label();

    /** A random scene of any sort, for captions; each pictured kind is as frequent as the others. */
    static Scene random(SplittableRandom random) {
        ProblemType kind = ProblemType.withImage()
                .get(random.nextInt(ProblemType.withImage().size()));
        return ProblemGenerator.generate(kind, random.nextInt(1 << 16), random)
                .scene()
                .orElseThrow();
    }
}
