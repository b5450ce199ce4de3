package org.llava4j.eval;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.commons.cli.CommandLine;
import org.llava4j.eval.predictions.BatchExecutor;
import org.llava4j.model.LlavaModel;

/** Where a goal's questions are asked. */
@FunctionalInterface
public interface InferenceBackend {
    /** Of a model on this machine. */
    InferenceBackend LOCAL = (goal, line) -> new Session() {
        private final EvaluationCommand.BatchPredictor asker = goal.predictor(line);
        private final LlavaModel model = ModelSpec.of(line).load();

        @Override
        public void execute(List<Integer> numbers, Consumer<Map<String, String>> answered) {
            asker.executor(model).execute(numbers, answered);
        }

        @Override
        public void close() {
            model.close();
        }
    };

    /** Opens the place for a goal with its flags. */
    Session open(EvaluationCommand goal, CommandLine line);

    /** A place that is open. */
    interface Session extends BatchExecutor, AutoCloseable {
        @Override
        void close();
    }
}
