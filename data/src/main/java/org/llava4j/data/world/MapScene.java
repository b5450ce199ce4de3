package org.llava4j.data.world;

import java.awt.Color;
import java.awt.geom.Path2D;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** An island with two landmarks; the second lies in one of the four directions from the first. */
record MapScene(Landmark from, Landmark to, Direction direction) implements Scene {

    /** Directions on a map whose north is up; {@code dx, dy} in picture coordinates. */
    enum Direction {
        NORTH(0, -1),
        SOUTH(0, 1),
        EAST(1, 0),
        WEST(-1, 0);

        private final int dx;
        private final int dy;

        Direction(int dx, int dy) {
            this.dx = dx;
            this.dy = dy;
        }

        Direction opposite() {
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

    static Drawing draw(int turn, SplittableRandom random) {
        Direction direction = Direction.values()[turn % 4];
        Landmark from = Draws.one(List.of(Landmark.values()), random);
        Landmark to = Draws.other(List.of(Landmark.values()), from, random);
        Question question = new Question(
                "Which way is it from the " + from.word() + " to the " + to.word() + "?",
                random.nextInt(3) == 0 ? "This is a map of an island." : "",
                Stream.of(Direction.values()).map(Direction::word).toList(),
                direction.ordinal(),
                "The " + to.word() + " is " + direction.word() + " of the " + from.word() + ".");
        return Drawing.of(new MapScene(from, to, direction), question);
    }

    @Override
    public void paint(Canvas canvas) {
        canvas.rectangle(0, 0, 100, 100, canvas.vary(new Color(175, 210, 235)));
        island(canvas);
        compass(canvas);
        double reach = 20 + canvas.jitter(4);
        double x = 46 + canvas.jitter(5);
        double y = 54 + canvas.jitter(5);
        double lean = canvas.jitter(4);
        double dx = reach * direction.dx - lean * direction.dy;
        double dy = reach * direction.dy - lean * direction.dx;
        from.paint(canvas, x - dx, y - dy);
        canvas.mark(from.word(), x - dx, y - dy, 9);
        to.paint(canvas, x + dx, y + dy);
        canvas.mark(to.word(), x + dx, y + dy, 9);
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
        canvas.line(x, y + 9, x, y - 2, Tint.INK, 1.2);
        canvas.polygon(Tint.INK, x, y - 6, x + 3, y, x - 3, y);
        canvas.glyph('N', x - 8, y + 1, 7, Tint.INK, 1.2);
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
