package org.llava4j.data.synthetic;

import java.awt.Color;
import java.util.List;
import java.util.SplittableRandom;

/** Scene of two beakers of equal volume, A on the left and B on the right, with particles of one color. */
record SolutionScene(int left, int right, NamedColor color) implements Scene {
    private static final int MOST = 6;
    private static final String NEITHER = "neither; they are the same";
    private static final List<String> CHOICES = List.of("Solution A", "Solution B", NEITHER);

    /**
     * Creates a question for the higher concentration. Counts differ by at least two unless they are equal, so that the
     * answer is visible.
     */
    static SceneQuestion generate(int turn, SplittableRandom random) {
        int answer = turn % 3;
        int more = 3 + random.nextInt(MOST - 2);
        int less = answer == 2 ? more : 1 + random.nextInt(more - 2);
        SolutionScene scene = new SolutionScene(
                answer == 1 ? less : more,
                answer == 1 ? more : less,
                SeededRandom.choice(List.of(NamedColor.values()), random));
        String solution = "Solution A has " + scene.left + " particles and solution B has " + scene.right
                + ", in the same volume.";
        String hint = random.nextBoolean() ? "Both beakers hold the same volume of water." : "";
        MultipleChoiceQuestion question = new MultipleChoiceQuestion(
                "Which solution has a higher concentration of " + scene.color.word() + " particles?",
                hint,
                CHOICES,
                answer,
                solution);
        return SceneQuestion.of(scene, question);
    }

    @Override
    public void render(Canvas canvas) {
        Color water = canvas.vary(new Color(200, 225, 240));
        Color dots = canvas.vary(color.color());
        double top = 30 + canvas.jitter(4);
        beaker(canvas, 6 + canvas.jitter(2), top, 'A', left, water, dots);
        beaker(canvas, 56 + canvas.jitter(2), top, 'B', right, water, dots);
    }

    private static void beaker(Canvas canvas, double x, double top, char name, int particles, Color water, Color dots) {
        canvas.rectangle(x, top, 38, 60, water);
        canvas.outline(
                Canvas.polyline(false, x, top - 6, x, top + 60, x + 38, top + 60, x + 38, top - 6),
                NamedColor.INK,
                1.8);
        canvas.glyph(name, x + 19, top - 15, 12, NamedColor.INK, 2);
        // The cells of a 3 x 4 grid keep particles apart, so that they can be counted.
        for (int cell : SeededRandom.sampleIndices(particles, 12, canvas.random())) {
            double cx = x + 7 + 12 * (cell % 3) + canvas.jitter(1.8);
            double cy = top + 8 + 14.6 * (cell / 3) + canvas.jitter(2.6);
            canvas.disc(cx, cy, 5, dots);
        }
    }

    @Override
    public String caption(SplittableRandom random) {
        return SeededRandom.choice(
                List.of(
                        "Solution A has " + left + " " + color.word() + " particles and solution B has " + right + ".",
                        "Two beakers with " + color.word() + " particles: " + left + " in A and " + right + " in B."),
                random);
    }

    @Override
    public String label() {
        return "beakers " + color.word() + " A " + left + " B " + right;
    }
}
