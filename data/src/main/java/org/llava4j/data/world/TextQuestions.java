package org.llava4j.data.world;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.data.world.MapScene.Direction;
import org.llava4j.data.world.ShapesScene.Group;
import org.llava4j.data.world.SignScene.Mark;

/**
 * Multiple choice over facts told in words, in the layout of a ScienceQA prompt with the facts in front. The
 * questions are worded otherwise than those of {@link Problems}.
 */
final class TextQuestions {
    private final SplittableRandom random;

    private TextQuestions(SplittableRandom random) {
        this.random = random;
    }

    /** One document with facts, question and answer. */
    static Document draw(SplittableRandom random) {
        TextQuestions questions = new TextQuestions(random);
        return switch (random.nextInt(10)) {
            case 0 -> questions.whoHasMore();
            case 1 -> questions.owner();
            case 2 -> questions.matter();
            case 3 -> questions.amount();
            case 4, 5 -> questions.letterOf();
            default -> questions.about(Scene.any(random));
        };
    }

    private Document about(Scene scene) {
        String facts = scene.caption(random);
        if (scene instanceof SolutionScene s) {
            return ask(
                    facts,
                    "In which beaker are more?",
                    List.of("in A", "in B", "it is equal"),
                    verdict(s.left(), s.right()));
        } else if (scene instanceof MagnetScene s) {
            boolean opposite = s.firstFacesWithNorth() != s.secondFacesWithNorth();
            return ask(facts, "What do the two do?", List.of("they pull", "they push"), opposite ? 0 : 1);
        } else if (scene instanceof ThermometerScene s) {
            return number(facts, "How warm is it?", s.degrees() / 5, 0, 8, 5, "°C");
        } else if (scene instanceof ShapesScene s) {
            return shapes(facts, s);
        } else if (scene instanceof MapScene s) {
            return ask(
                    facts,
                    "Seen from the " + s.from().word() + ", where is the " + s.to().word() + "?",
                    Stream.of(Direction.values()).map(Direction::word).toList(),
                    s.direction().ordinal());
        } else {
            return ask(
                    facts,
                    "Name the mark.",
                    Stream.of(Mark.values()).map(Mark::words).toList(),
                    ((SignScene) scene).mark().ordinal());
        }
    }

    private Document shapes(String facts, ShapesScene s) {
        if (random.nextBoolean()) {
            Group asked = random.nextBoolean() ? s.one() : s.two();
            return number(facts, "Give the number of " + asked.plural() + ".", asked.count(), 1, 6, 1, "");
        }
        List<String> groups = List.of(
                "the " + s.one().form().word() + "s", "the " + s.two().form().word() + "s", "it is equal");
        return ask(
                facts,
                "Which group is larger?",
                groups,
                verdict(s.one().count(), s.two().count()));
    }

    private Document whoHasMore() {
        List<Integer> who = Draws.distinct(2, People.NAMES.size(), random);
        String first = People.NAMES.get(who.get(0));
        String second = People.NAMES.get(who.get(1));
        int one = 1 + random.nextInt(9);
        int two = random.nextInt(3) == 0 ? one : 1 + random.nextInt(9);
        String thing = Draws.one(People.THINGS, random);
        return ask(
                first + " has " + one + " " + thing + " and " + second + " has " + two + ".",
                "Who has more " + thing + "?",
                List.of(first, second, "it is equal"),
                verdict(one, two));
    }

    private Document owner() {
        List<Integer> who = Draws.distinct(3, People.NAMES.size(), random);
        List<Integer> what = Draws.distinct(3, People.THINGS.size(), random);
        int asked = random.nextInt(3);
        List<String> names = who.stream().map(People.NAMES::get).toList();
        return ask(
                People.passage(who, what),
                "Name the owner of the " + People.THINGS.get(what.get(asked)) + ".",
                names,
                asked);
    }

    /** Only to find an option and name its letter: what every other question ends with. */
    private Document letterOf() {
        List<String> choices = switch (random.nextInt(4)) {
            case 0 -> People.NAMES;
            case 1 -> People.THINGS;
            case 2 -> Stream.of(Direction.values()).map(Direction::word).toList();
            default -> IntStream.range(0, 10).mapToObj(String::valueOf).toList();
        };
        List<String> some = Draws.distinct(3 + random.nextInt(2), choices.size(), random).stream()
                .map(choices::get)
                .toList();
        return ask("", "Choose " + some.get(0) + ".", some, 0);
    }

    private Document amount() {
        String name = Draws.one(People.NAMES, random);
        List<Integer> what = Draws.distinct(2, People.THINGS.size(), random);
        int one = 1 + random.nextInt(9);
        int two = 1 + random.nextInt(9);
        String first = People.THINGS.get(what.get(0));
        String second = People.THINGS.get(what.get(1));
        boolean askFirst = random.nextBoolean();
        return number(
                name + " has " + one + " " + first + " and " + two + " " + second + ".",
                "Give the number of " + (askFirst ? first : second) + ".",
                askFirst ? one : two,
                1,
                9,
                1,
                "");
    }

    private Document matter() {
        Matter matter = Draws.one(List.of(Matter.values()), random);
        return ask(
                "",
                "What is " + Draws.one(matter.examples(), random) + "?",
                Stream.of(Matter.values()).map(Matter::words).toList(),
                matter.ordinal());
    }

    /** 0 when the first is greater, 1 when the second is, 2 when they are equal. */
    private static int verdict(int first, int second) {
        return first > second ? 0 : first < second ? 1 : 2;
    }

    /** Choices are the right number and two others of {@code low .. high}, times {@code unit}. */
    private Document number(String facts, String question, int right, int low, int high, int unit, String suffix) {
        List<Integer> numbers = new ArrayList<>(List.of(right));
        while (numbers.size() < 3) {
            int other = low + random.nextInt(high - low + 1);
            if (!numbers.contains(other)) {
                numbers.add(other);
            }
        }
        return ask(facts, question, numbers.stream().map(n -> n * unit + suffix).toList(), 0);
    }

    private Document ask(String facts, String question, List<String> choices, int right) {
        List<String> wrong = new ArrayList<>(choices);
        wrong.remove(right);
        Question drawn =
                Question.of(question, "", choices.get(right), wrong, random.nextInt(choices.size()), "", random);
        ScienceQaProblem problem = Problems.entry("text", Kind.FACTS, 0, drawn, "", "train");
        String prompt = ScienceQaPrompt.A.question(problem);
        return new Document(facts.isEmpty() ? prompt : facts + "\n" + prompt, ScienceQaPrompt.A.answer(problem), true);
    }
}
