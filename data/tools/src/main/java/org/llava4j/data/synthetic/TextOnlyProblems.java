package org.llava4j.data.synthetic;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Generator of text-only problems: a fact to find in a passage (the hint), and general knowledge (no hint). */
final class TextOnlyProblems {
    private TextOnlyProblems() {}

    static SceneQuestion facts(int turn, SplittableRandom random) {
        List<Integer> who = SeededRandom.sampleIndices(3, People.NAMES.size(), random);
        List<Integer> what = SeededRandom.sampleIndices(3, People.THINGS.size(), random);
        int asked = turn % 3;
        List<String> names = who.stream().map(People.NAMES::get).toList();
        String thing = People.THINGS.get(what.get(asked));
        return SceneQuestion.textOnly(new MultipleChoiceQuestion(
                "Who has " + thing + "?",
                People.passage(who, what),
                names,
                asked,
                "The passage says that " + names.get(asked) + " has " + thing + "."));
    }

    static SceneQuestion knowledge(int turn, SplittableRandom random) {
        StateOfMatter asked = StateOfMatter.values()[turn % 3];
        List<String> incorrect = new ArrayList<>();
        for (StateOfMatter other : StateOfMatter.values()) {
            if (other != asked) {
                incorrect.add(SeededRandom.choice(other.examples(), random));
            }
        }
        String correct = SeededRandom.choice(asked.examples(), random);
        return SceneQuestion.textOnly(MultipleChoiceQuestion.of(
                "Which of these is " + asked.words() + "?",
                "",
                correct,
                incorrect,
                turn,
                "At room temperature " + correct + " is " + asked.words() + ".",
                random));
    }
}
