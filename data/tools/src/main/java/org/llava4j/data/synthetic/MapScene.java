package org.llava4j.data.synthetic;

import java.awt.Color;
import java.awt.geom.Path2D;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** Scene of an island map with two landmarks; the second is in one of four directions from the first. */
record MapScene(Landmark from, Landmark to, CompassDirection direction) implements Scene {

    /** Direction on a map with north at the top; {@code dx, dy} in image coordinates. */
    enum CompassDirection {
        NORTH(0, -1),
        SOUTH(0, 1),
        EAST(1, 0),
        WEST(-1, 0);

        private final int dx;
        private final int dy;

        CompassDirection(int dx, int dy) {
            this.dx = dx;
            this.dy = dy;
        }

        CompassDirection opposite() {
            return switch (this) {
                case NORTH -> SOUTH;
                case SOUTH -> NORTH;
                case EAST -> WEST;
                case WEST -> EAST;
            };
        }

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Creates a question about the way between any two landmarks. */
    static SceneQuestion generate(int turn, SplittableRandom random) {
        Landmark from = SeededRandom.choice(List.of(Landmark.values()), random);
        return generate(from, turn, random);
    }

    /** Creates a question about the way from a landmark to another one; {@code turn} cycles through the directions. */
    static SceneQuestion generate(Landmark from, int turn, SplittableRandom random) {
        CompassDirection direction = CompassDirection.values()[turn % 4];
        Landmark to = SeededRandom.choiceExcept(List.of(Landmark.values()), from, random);
        MultipleChoiceQuestion question = new MultipleChoiceQuestion(
                "Which way is it from the " + from.word() + " to the " + to.word() + "?",
                random.nextInt(3) == 0 ? "This is a map of an island." : "",
                Stream.of(CompassDirection.values()).map(CompassDirection::word).toList(),
                direction.ordinal(),
                "The " + to.word() + " is " + direction.word() + " of the " + from.word() + ".");
        return SceneQuestion.of(new MapScene(from, to, direction), question);
    }

    @Override
    public void render(Canvas canvas) {
        canvas.rectangle(0, 0, 100, 100, canvas.vary(new Color(175, 210, 235)));
        island(canvas);
        compass(canvas);
        double reach = 20 + canvas.jitter(4);
        double x = 46 + canvas.jitter(5);
        double y = 54 + canvas.jitter(5);
        double lean = canvas.jitter(4);
        double dx = reach * direction.dx - lean * direction.dy;
        double dy = reach * direction.dy - lean * direction.dx;
        from.render(canvas, x - dx, y - dy);
        to.render(canvas, x + dx, y + dy);
    }

    private static void island(Canvas canvas) {
        int corners = 14;
        double[] points = new double[2 * corners];
        for (int i = 0; i < corners; i++) {
            double radius = 40 + canvas.jitter(4);
            points[2 * i] = 46 + radius * Math.cos(2 * Math.PI * i / corners);
            points[2 * i + 1] = 54 + radius * Math.sin(2 * Math.PI * i / corners);
        }
        Path2D coast = Canvas.polyline(true, points);
        canvas.fill(coast, canvas.vary(new Color(225, 215, 165)));
        canvas.outline(coast, canvas.vary(new Color(150, 130, 80)), 1);
    }

    private static void compass(Canvas canvas) {
        double x = 91 + canvas.jitter(1.5);
        double y = 13 + canvas.jitter(1.5);
        canvas.line(x, y + 9, x, y - 2, NamedColor.INK, 1.2);
        canvas.polygon(NamedColor.INK, x, y - 6, x + 3, y, x - 3, y);
        canvas.glyph('N', x - 8, y + 1, 7, NamedColor.INK, 1.2);
    }

    @Override
    public String caption(SplittableRandom random) {
        String start = "the " + from.word() + " in the " + direction.opposite().word();
        String end = "the " + to.word() + " in the " + direction.word();
        boolean swap = random.nextBoolean();
        String both = (swap ? end : start) + " and " + (swap ? start : end) + ".";
        return (random.nextBoolean() ? "A map with " : "An island with ") + both;
    }

    @Override
    public String label() {
        boolean swap = from.compareTo(to) > 0;
        String start = from.word() + " " + direction.opposite().word();
        String end = to.word() + " " + direction.word();
        return "map " + (swap ? end + " " + start : start + " " + end);
    }
}
