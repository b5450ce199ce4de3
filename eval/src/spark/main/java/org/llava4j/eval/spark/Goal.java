package org.llava4j.eval.spark;

import java.util.Arrays;
import java.util.function.Function;
import org.llava4j.eval.AskingGoal;
import org.llava4j.eval.AskingPlace;
import org.llava4j.eval.llavabench.LlavaBenchMain;
import org.llava4j.eval.scienceqa.ScienceQaMain;

/** The goals whose questions executors may answer. */
enum Goal {
    SCIENCEQA("scienceqa", ScienceQaMain::new),
    LLAVA_BENCH("llava-bench", LlavaBenchMain::new);

    private final String label;
    private final Function<AskingPlace, AskingGoal> command;

    Goal(String label, Function<AskingPlace, AskingGoal> command) {
        this.label = label;
        this.command = command;
    }

    static Goal named(String name) {
        return Arrays.stream(values())
                .filter(goal -> goal.label.equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(name));
    }

    String label() {
        return label;
    }

    /** The goal's command, its questions asked there. */
    AskingGoal at(AskingPlace place) {
        return command.apply(place);
    }
}
