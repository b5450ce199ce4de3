package org.llava4j.eval.spark;

import java.util.Arrays;
import java.util.function.Function;
import org.llava4j.eval.EvaluationCommand;
import org.llava4j.eval.InferenceBackend;
import org.llava4j.eval.llavabench.LlavaBenchMain;
import org.llava4j.eval.scienceqa.ScienceQaMain;

/** Commands whose answers can be generated on executors. */
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
                .filter(command -> command.label.equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(name));
    }

    String label() {
        return label;
    }

    /** Creates the command with an inference backend. */
    EvaluationCommand create(InferenceBackend backend) {
        return command.apply(backend);
    }
}
