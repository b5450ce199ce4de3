package org.llava4j.data.synthetic;

import java.awt.Color;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Rectangle2D;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Scene of a thermometer with a scale from 0 to 40 degrees Celsius; it shows one of the labeled values. */
record ThermometerScene(int degrees) implements Scene {
    private static final int STEP = 5;
    private static final int LABELED = 10;
    private static final int HIGHEST = 40;

    /** Creates a question whose choices are the values of the scale. */
    static SceneQuestion generate(int turn, SplittableRandom random) {
        List<String> choices = numbers().map(number -> number + "°C").toList();
        int answer = turn % choices.size();
        int degrees = numbers().skip(answer).findFirst().orElseThrow();
        MultipleChoiceQuestion question = new MultipleChoiceQuestion(
                "What temperature does this thermometer show?",
                random.nextInt(3) == 0 ? "Read the top of the liquid." : "",
                choices,
                answer,
                "The top of the liquid is at " + degrees + " on the scale.");
        return SceneQuestion.of(new ThermometerScene(degrees), question);
    }

    /** Returns the labeled values of the scale. */
    static Stream<Integer> numbers() {
        return IntStream.rangeClosed(0, HIGHEST / LABELED)
                .map(mark -> mark * LABELED)
                .boxed();
    }

    @Override
    public void render(Canvas canvas) {
        double x = 42 + canvas.jitter(12);
        double zero = 76 + canvas.jitter(3);
        double perDegree = 1.6 + canvas.jitter(0.06);
        double top = zero - HIGHEST * perDegree;
        Color glass = canvas.vary(new Color(225, 235, 240));
        Color liquid = canvas.vary(canvas.random().nextBoolean() ? NamedColor.RED.color() : NamedColor.BLUE.color());
        Rectangle2D tube = new Rectangle2D.Double(x - 4, top - 5, 8, zero - top + 10);
        canvas.fill(tube, glass);
        canvas.outline(tube, NamedColor.INK, 1);
        double level = zero - degrees * perDegree;
        canvas.rectangle(x - 2.5, level, 5, zero + 10 - level, liquid);
        canvas.disc(x, zero + 11, 8, liquid);
        canvas.outline(new Ellipse2D.Double(x - 8, zero + 3, 16, 16), NamedColor.INK, 1);
        for (int mark = 0; mark <= HIGHEST; mark += STEP) {
            double y = zero - mark * perDegree;
            boolean labeled = mark % LABELED == 0;
            canvas.line(x + 5, y, x + (labeled ? 11 : 8), y, NamedColor.INK, 1);
            if (labeled) {
                if (mark > 0) {
                    canvas.glyph((char) ('0' + mark / 10), x + 17, y, 8, NamedColor.INK, 1.4);
                }
                canvas.glyph('0', x + 24, y, 8, NamedColor.INK, 1.4);
            }
        }
    }

    @Override
    public String caption(SplittableRandom random) {
        return SeededRandom.choice(
                List.of(
                        "The thermometer reads " + degrees + " degrees.",
                        "A thermometer whose liquid stands at " + degrees + "."),
                random);
    }

    @Override
    public String label() {
        return "thermometer " + degrees;
    }
}
