package org.llava4j.data.synthetic;

import java.awt.Color;
import java.awt.geom.Rectangle2D;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** Scene of a card with scribbled words and, large beside them, the end mark of the sentence. */
record SignScene(EndMark mark) implements Scene {

    /** End mark with the type of sentence that it ends. */
    enum EndMark {
        PERIOD('.', "a period", "a statement"),
        QUESTION('?', "a question mark", "a question"),
        EXCLAMATION('!', "an exclamation point", "an exclamation");

        private final char glyph;
        private final String words;
        private final String sentence;

        EndMark(char glyph, String words, String sentence) {
            this.glyph = glyph;
            this.words = words;
            this.sentence = sentence;
        }

        String words() {
            return words;
        }
    }

    static SceneQuestion generate(int turn, SplittableRandom random) {
        EndMark mark = EndMark.values()[turn % 3];
        MultipleChoiceQuestion question = new MultipleChoiceQuestion(
                "What kind of sentence is on the card?",
                random.nextInt(3) == 0 ? "Look at the end mark." : "",
                Stream.of(EndMark.values()).map(each -> each.sentence).toList(),
                mark.ordinal(),
                "It ends with " + mark.words + ", so it is " + mark.sentence + ".");
        return SceneQuestion.of(new SignScene(mark), question);
    }

    @Override
    public void render(Canvas canvas) {
        double x = 8 + canvas.jitter(3);
        double y = 22 + canvas.jitter(10);
        Rectangle2D card = new Rectangle2D.Double(x, y, 84, 58 + canvas.jitter(4));
        canvas.fill(card, canvas.vary(new Color(240, 236, 215)));
        canvas.outline(card, NamedColor.INK, 1.2);
        Color ink = canvas.vary(SeededRandom.choice(List.of(NamedColor.values()), canvas.random())
                .color());
        double base = y + 38 + canvas.jitter(3);
        double end = x + 8;
        // One or two scribbled words: humps on a line, too short to be letters.
        for (int word = 1 + canvas.random().nextInt(2); word > 0; word--) {
            end = scribble(canvas, end, base, 2 + canvas.random().nextInt(2), ink) + 4;
        }
        canvas.glyph(mark.glyph, x + 62 + canvas.jitter(6), base - 14, 34 + canvas.jitter(2), ink, 5.5);
    }

    private static double scribble(Canvas canvas, double x, double base, int humps, Color ink) {
        double[] points = new double[2 * (2 * humps + 1)];
        for (int i = 0; i <= 2 * humps; i++) {
            points[2 * i] = x + 2.2 * i;
            points[2 * i + 1] = i % 2 == 0 ? base : base - 7 + canvas.jitter(2);
        }
        canvas.outline(Canvas.polyline(false, points), ink, 1.6);
        return x + 4.4 * humps;
    }

    @Override
    public String caption(SplittableRandom random) {
        return SeededRandom.choice(
                List.of("A card with " + mark.words + ".", "The words on the card end with " + mark.words + "."),
                random);
    }

    @Override
    public String label() {
        return "card " + mark.words();
    }
}
