package org.llava4j.data.synthetic;

import java.awt.Color;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Scene of two scattered groups of shapes that differ in form and color. */
record ShapesScene(Group one, Group two) implements Scene {
    private static final int MOST = 5;
    private static final int CELLS = 4;

    /** Shapes of one form and color. */
    record Group(int count, NamedColor color, ShapeForm form) {
        String words() {
            return count + " " + color.word() + " " + form.words(count);
        }

        String plural() {
            return color.word() + " " + form.word() + "s";
        }
    }

    /** Creates a question for the count of one group, from one to five. */
    static SceneQuestion count(int turn, SplittableRandom random) {
        int answer = turn % MOST;
        int other = 1 + random.nextInt(MOST);
        boolean first = random.nextBoolean();
        ShapesScene scene = first ? scene(answer + 1, other, random) : scene(other, answer + 1, random);
        Group asked = first ? scene.one : scene.two;
        MultipleChoiceQuestion question = new MultipleChoiceQuestion(
                "How many " + asked.plural() + " are there?",
                "",
                IntStream.rangeClosed(1, MOST).mapToObj(String::valueOf).toList(),
                answer,
                scene.solution());
        return SceneQuestion.of(scene, question);
    }

    /** Creates a question for the larger group; sizes differ by at least two unless they are equal. */
    static SceneQuestion compare(int turn, SplittableRandom random) {
        int answer = turn % 3;
        int more = 3 + random.nextInt(MOST - 2);
        int less = answer == 2 ? more : 1 + random.nextInt(more - 2);
        ShapesScene scene = scene(answer == 1 ? less : more, answer == 1 ? more : less, random);
        MultipleChoiceQuestion question = new MultipleChoiceQuestion(
                "Which are there more of?",
                random.nextInt(3) == 0 ? "Count each group." : "",
                List.of(scene.one.form.word() + "s", scene.two.form.word() + "s", "neither"),
                answer,
                scene.solution());
        return SceneQuestion.of(scene, question);
    }

    private String solution() {
        return "There are " + one.words() + " and " + two.words() + ".";
    }

    /** Creates two groups of these sizes; the first has the form that {@link ShapeForm} lists first. */
    private static ShapesScene scene(int first, int second, SplittableRandom random) {
        List<Integer> forms = SeededRandom.sampleIndices(2, ShapeForm.values().length, random).stream()
                .sorted()
                .toList();
        List<Integer> tints = SeededRandom.sampleIndices(2, NamedColor.values().length, random);
        return new ShapesScene(
                new Group(first, NamedColor.values()[tints.get(0)], ShapeForm.values()[forms.get(0)]),
                new Group(second, NamedColor.values()[tints.get(1)], ShapeForm.values()[forms.get(1)]));
    }

    @Override
    public void render(Canvas canvas) {
        List<Integer> cells = SeededRandom.sampleIndices(one.count + two.count, CELLS * CELLS, canvas.random());
        scatter(canvas, one, cells.subList(0, one.count));
        scatter(canvas, two, cells.subList(one.count, cells.size()));
    }

    private static void scatter(Canvas canvas, Group group, List<Integer> cells) {
        Color color = canvas.vary(group.color.color());
        for (int cell : cells) {
            double x = 14 + 24 * (cell % CELLS) + canvas.jitter(3);
            double y = 14 + 24 * (cell / CELLS) + canvas.jitter(3);
            group.form.render(canvas, x, y, 7.5 + canvas.jitter(1), color);
        }
    }

    @Override
    public String caption(SplittableRandom random) {
        boolean swap = random.nextBoolean();
        Group first = swap ? two : one;
        Group second = swap ? one : two;
        return SeededRandom.choice(
                List.of(
                        "The picture shows " + first.words() + " and " + second.words() + ".",
                        "A picture of " + first.words() + " and " + second.words() + "."),
                random);
    }

    @Override
    public String label() {
        return "shapes " + one.words() + " " + two.words();
    }
}
