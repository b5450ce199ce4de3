package org.llava4j.eval;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.commons.cli.CommandLine;
import org.llava4j.eval.predictions.Companies;
import org.llava4j.model.LlavaModel;

/** Where a goal's questions are asked. */
@FunctionalInterface
public interface AskingPlace {
    /** Of a model on this machine. */
    AskingPlace HERE = (goal, line) -> new Place() {
        private final AskingGoal.Asker asker = goal.asker(line);
        private final LlavaModel model = AskedModel.of(line).load();

        @Override
        public void ask(List<Integer> numbers, Consumer<Map<String, String>> answered) {
            asker.of(model).ask(numbers, answered);
        }

        @Override
        public void close() {
            model.close();
        }
    };

    /** Opens the place for a goal with its flags. */
    Place open(AskingGoal goal, CommandLine line);

    /** A place that is open. */
    interface Place extends Companies, AutoCloseable {
        @Override
        void close();
    }
}
