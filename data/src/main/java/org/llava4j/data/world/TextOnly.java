package org.llava4j.data.world;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Problems without a picture: a fact to be found in a passage (the hint), and plain knowledge (no hint). */
final class TextOnly {
    private TextOnly() {}

    static Drawing facts(int turn, SplittableRandom random) {
        List<Integer> who = Draws.distinct(3, People.NAMES.size(), random);
        List<Integer> what = Draws.distinct(3, People.THINGS.size(), random);
        int asked = turn % 3;
        List<String> names = who.stream().map(People.NAMES::get).toList();
        String thing = People.THINGS.get(what.get(asked));
        return Drawing.textOnly(new Question(
                "Who has " + thing + "?",
                People.passage(who, what),
                names,
                asked,
                "The passage says that " + names.get(asked) + " has " + thing + "."));
    }

    static Drawing knowledge(int turn, SplittableRandom random) {
        Matter asked = Matter.values()[turn % 3];
        List<String> wrong = new ArrayList<>();
        for (Matter other : Matter.values()) {
            if (other != asked) {
                wrong.add(Draws.one(other.examples(), random));
            }
        }
        String right = Draws.one(asked.examples(), random);
        return Drawing.textOnly(Question.of(
                "Which of these is " + asked.words() + "?",
                "",
                right,
                wrong,
                turn,
                "At room temperature " + right + " is " + asked.words() + ".",
                random));
    }
}
