package org.llava4j.eval.spark;

import java.util.Arrays;
import java.util.function.Function;
import org.llava4j.eval.EvaluationCommand;
import org.llava4j.eval.InferenceBackend;
import org.llava4j.eval.llavabench.LlavaBenchMain;
import org.llava4j.eval.scienceqa.ScienceQaMain;

/** The goals whose questions executors may answer. */
enum DistributedCommand {
    SCIENCEQA("scienceqa", ScienceQaMain::new),
    LLAVA_BENCH("llava-bench", LlavaBenchMain::new);

    private final String label;
    private final Function<InferenceBackend, EvaluationCommand> command;

    DistributedCommand(String label, Function<InferenceBackend, EvaluationCommand> command) {
        this.label = label;
        this.command = command;
    }

    static DistributedCommand named(String name) {
        return Arrays.stream(values())
                .filter(goal -> goal.label.equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(name));
    }

    String label() {
        return label;
    }

    /** The goal's command, its questions asked there. */
    EvaluationCommand create(InferenceBackend place) {
        return command.apply(place);
    }
}
