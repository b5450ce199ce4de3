package org.llava4j.data.synthetic;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.data.synthetic.MapScene.CompassDirection;
import org.llava4j.data.synthetic.ShapesScene.Group;
import org.llava4j.data.synthetic.SignScene.EndMark;

/**
 * Generator of multiple-choice questions about facts given as text, in the layout of a ScienceQA prompt with the facts
 * in front. They are worded differently from those of {@link ProblemGenerator}.
 */
final class TextQuestionGenerator {
    private static final int MOST = 5;

    private static final List<String> BEAKERS =
            List.of("In which beaker are more?", "Which beaker holds more?", "Is there more in A or in B?");
    private static final List<String> MAGNETS =
            List.of("What do the two do?", "Do they pull or push?", "What happens between the two?");
    private static final List<String> TEMPERATURE =
            List.of("How warm is it?", "Read the scale.", "How many degrees is it?");
    private static final List<String> MARKS = List.of("Name the mark.", "Which mark is it?", "What stands at the end?");
    private static final List<String> GROUPS =
            List.of("Which group is larger?", "Of which are there more?", "Name the greater group.");
    private static final List<String> NUMBERS =
            List.of("Give the number of %s.", "Count the %s.", "What is the number of %s?");
    private static final List<String> DIRECTIONS = List.of(
            "Seen from the %1$s, where is the %2$s?",
            "You go from the %1$s to the %2$s. Where do you go?", "In which direction is the %2$s from the %1$s?");

    private final SplittableRandom random;

    private TextQuestionGenerator(SplittableRandom random) {
        this.random = random;
    }

    /** Creates one document with facts, question and answer. */
    static CorpusDocument generate(SplittableRandom random) {
        TextQuestionGenerator questions = new TextQuestionGenerator(random);
        return switch (random.nextInt(12)) {
            case 0 -> questions.whoHasMore();
            case 1 -> questions.owner();
            case 2 -> questions.matter();
            case 3 -> questions.amount();
            case 4, 5 -> questions.numberOfOneGroup();
            case 6, 7 -> questions.directionOnAMap();
            default -> questions.about(Scene.random(random));
        };
    }

    private CorpusDocument about(Scene scene) {
        String facts = random.nextInt(4) > 0 ? scene.label() : scene.caption(random);
        if (scene instanceof SolutionScene s) {
            return ask(facts, oneOf(BEAKERS), List.of("in A", "in B", "it is equal"), compare(s.left(), s.right()));
        } else if (scene instanceof MagnetScene s) {
            boolean opposite = s.firstFacesWithNorth() != s.secondFacesWithNorth();
            return ask(facts, oneOf(MAGNETS), List.of("they pull", "they push"), opposite ? 0 : 1);
        } else if (scene instanceof ThermometerScene s) {
            return ask(
                    facts,
                    oneOf(TEMPERATURE),
                    ThermometerScene.numbers().map(number -> number + "°C").toList(),
                    ThermometerScene.numbers().toList().indexOf(s.degrees()));
        } else if (scene instanceof ShapesScene s) {
            return shapes(facts, s);
        } else if (scene instanceof MapScene s) {
            return ask(
                    facts,
                    oneOf(DIRECTIONS).formatted(s.from().word(), s.to().word()),
                    Stream.of(CompassDirection.values())
                            .map(CompassDirection::word)
                            .toList(),
                    s.direction().ordinal());
        } else {
            return ask(
                    facts,
                    oneOf(MARKS),
                    Stream.of(EndMark.values()).map(EndMark::words).toList(),
                    ((SignScene) scene).mark().ordinal());
        }
    }

    private CorpusDocument shapes(String facts, ShapesScene s) {
        if (random.nextBoolean()) {
            return number(facts, s);
        }
        List<String> groups = List.of(
                "the " + s.one().form().word() + "s", "the " + s.two().form().word() + "s", "it is equal");
        return ask(
                facts, oneOf(GROUPS), groups, compare(s.one().count(), s.two().count()));
    }

    /** Asks for the number of one group. The decoder takes longest to learn numbers and directions, so both are more frequent. */
    private CorpusDocument numberOfOneGroup() {
        ShapesScene scene = (ShapesScene) ProblemGenerator.generate(ProblemType.COUNT, random.nextInt(MOST), random)
                .requireScene();
        return number(scene.label(), scene);
    }

    private CorpusDocument directionOnAMap() {
        return about(MapScene.generate(random.nextInt(4), random).requireScene());
    }

    private CorpusDocument number(String facts, ShapesScene s) {
        Group asked = random.nextBoolean() ? s.one() : s.two();
        return number(facts, oneOf(NUMBERS).formatted(asked.plural()), asked.count());
    }

    private CorpusDocument whoHasMore() {
        List<Integer> who = SeededRandom.sampleIndices(2, People.NAMES.size(), random);
        String first = People.NAMES.get(who.get(0));
        String second = People.NAMES.get(who.get(1));
        int one = 1 + random.nextInt(MOST);
        int two = random.nextInt(3) == 0 ? one : 1 + random.nextInt(MOST);
        String thing = SeededRandom.choice(People.THINGS, random);
        return ask(
                first + " has " + one + " " + thing + " and " + second + " has " + two + ".",
                "Who has more " + thing + "?",
                List.of(first, second, "it is equal"),
                compare(one, two));
    }

    private CorpusDocument owner() {
        List<Integer> who = SeededRandom.sampleIndices(3, People.NAMES.size(), random);
        List<Integer> what = SeededRandom.sampleIndices(3, People.THINGS.size(), random);
        int asked = random.nextInt(3);
        List<String> names = who.stream().map(People.NAMES::get).toList();
        return ask(
                People.passage(who, what),
                "Name the owner of the " + People.THINGS.get(what.get(asked)) + ".",
                names,
                asked);
    }

    private CorpusDocument amount() {
        String name = SeededRandom.choice(People.NAMES, random);
        List<Integer> what = SeededRandom.sampleIndices(2, People.THINGS.size(), random);
        int one = 1 + random.nextInt(MOST);
        int two = 1 + random.nextInt(MOST);
        String first = People.THINGS.get(what.get(0));
        String second = People.THINGS.get(what.get(1));
        boolean askFirst = random.nextBoolean();
        return number(
                name + " has " + one + " " + first + " and " + two + " " + second + ".",
                oneOf(NUMBERS).formatted(askFirst ? first : second),
                askFirst ? one : two);
    }

    private CorpusDocument matter() {
        StateOfMatter matter = SeededRandom.choice(List.of(StateOfMatter.values()), random);
        return ask(
                "",
                "What is " + SeededRandom.choice(matter.examples(), random) + "?",
                Stream.of(StateOfMatter.values()).map(StateOfMatter::words).toList(),
                matter.ordinal());
    }

    private String oneOf(List<String> wordings) {
        return SeededRandom.choice(wordings, random);
    }

    /** Returns 0 if the first is greater, 1 if the second is, 2 if they are equal. */
    private static int compare(int first, int second) {
        return first > second ? 0 : first < second ? 1 : 2;
    }

    private static CorpusDocument number(String facts, String question, int correct) {
        return ask(
                facts,
                question,
                IntStream.rangeClosed(1, MOST).mapToObj(String::valueOf).toList(),
                correct - 1);
    }

    private static CorpusDocument ask(String facts, String question, List<String> choices, int answer) {
        ScienceQaProblem problem = ProblemGenerator.toScienceQa(
                "text",
                ProblemType.FACTS,
                0,
                new MultipleChoiceQuestion(question, "", choices, answer, ""),
                "",
                "train");
        String prompt = ScienceQaPrompt.A.question(problem);
        return new CorpusDocument(
                facts.isEmpty() ? prompt : facts + "\n" + prompt, ScienceQaPrompt.A.answer(problem), true);
    }
}
