package org.llava4j.data.world;

import java.awt.Color;
import java.util.List;
import java.util.SplittableRandom;

/** Two groups of shapes strewn over the picture, unlike in form and in colour. */
record ShapesScene(Group one, Group two) implements Scene {
    private static final int MOST = 5;
    private static final int CELLS = 4;

    /** Shapes of one sort. */
    record Group(int count, Tint tint, Form form) {
        String words() {
            return count + " " + tint.word() + " " + form.words(count);
        }

        String plural() {
            return tint.word() + " " + form.word() + "s";
        }
    }

    /** How many of one group; any three numbers may be the choices, each as likely to be right as the others. */
    static Drawing count(int turn, SplittableRandom random) {
        List<Integer> numbers = Draws.distinct(3, MOST, random);
        int count = numbers.get(0) + 1;
        ShapesScene scene = scene(count, 1 + random.nextInt(MOST), random);
        Question question = Question.of(
                "How many " + scene.one.plural() + " are there?",
                "",
                String.valueOf(count),
                numbers.subList(1, 3).stream().map(n -> String.valueOf(n + 1)).toList(),
                turn,
                "Counting them one by one gives " + count + ".",
                random);
        return Drawing.of(scene, question);
    }

    /** Which group is larger; sizes differ by two at least unless they are equal. */
    static Drawing compare(int turn, SplittableRandom random) {
        int verdict = turn % 3;
        int more = 3 + random.nextInt(MOST - 2);
        int less = verdict == 2 ? more : 1 + random.nextInt(more - 2);
        ShapesScene scene = scene(verdict == 1 ? less : more, verdict == 1 ? more : less, random);
        List<String> choices = List.of(scene.one.form.word() + "s", scene.two.form.word() + "s", "neither");
        String right = choices.get(verdict);
        Question question = Question.of(
                "Which are there more of?",
                random.nextInt(3) == 0 ? "Count each group." : "",
                right,
                choices.stream().filter(choice -> !choice.equals(right)).toList(),
                turn,
                "There are " + scene.one.words() + " and " + scene.two.words() + ".",
                random);
        return Drawing.of(scene, question);
    }

    private static ShapesScene scene(int first, int second, SplittableRandom random) {
        Form form = Draws.one(List.of(Form.values()), random);
        Tint tint = Draws.one(List.of(Tint.values()), random);
        return new ShapesScene(
                new Group(first, tint, form),
                new Group(
                        second,
                        Draws.other(List.of(Tint.values()), tint, random),
                        Draws.other(List.of(Form.values()), form, random)));
    }

    @Override
    public void paint(Canvas canvas) {
        List<Integer> cells = Draws.distinct(one.count + two.count, CELLS * CELLS, canvas.random());
        strew(canvas, one, cells.subList(0, one.count));
        strew(canvas, two, cells.subList(one.count, cells.size()));
    }

    private static void strew(Canvas canvas, Group group, List<Integer> cells) {
        Color colour = canvas.vary(group.tint.colour());
        for (int cell : cells) {
            double x = 14 + 24 * (cell % CELLS) + canvas.jitter(3);
            double y = 14 + 24 * (cell / CELLS) + canvas.jitter(3);
            group.form.paint(canvas, x, y, 7.5 + canvas.jitter(1), colour);
        }
    }

    @Override
    public String caption(SplittableRandom random) {
        boolean swap = random.nextBoolean();
        Group first = swap ? two : one;
        Group second = swap ? one : two;
        return Draws.one(
                List.of(
                        "The picture shows " + first.words() + " and " + second.words() + ".",
                        "A picture of " + first.words() + " and " + second.words() + "."),
                random);
    }

    @Override
    public String label() {
        boolean swap = one.form.compareTo(two.form) > 0;
        return "shapes " + (swap ? two : one).words() + " " + (swap ? one : two).words();
    }
}
