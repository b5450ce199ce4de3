package org.llava4j.eval;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.commons.cli.CommandLine;
import org.llava4j.eval.predictions.BatchExecutor;
import org.llava4j.model.LlavaModel;

/** Runs the batches of an evaluation command: on the local model or on a cluster. */
@FunctionalInterface
public interface InferenceBackend {
    /** Loads the model into this process. */
    InferenceBackend LOCAL = (command, line) -> new Session() {
        private final EvaluationCommand.BatchPredictor predictor = command.predictor(line);
        private final LlavaModel model = ModelSpec.of(line).load();

        @Override
        public void execute(List<Integer> batchIndices, Consumer<Map<String, String>> onBatch) {
            predictor.executor(model).execute(batchIndices, onBatch);
        }

        @Override
        public void close() {
            model.close();
        }
    };

    /** Opens a session for a command and its flags. */
    Session open(EvaluationCommand command, CommandLine line);

    /** An open backend, which holds the loaded model or the cluster connection. */
    interface Session extends BatchExecutor, AutoCloseable {
        @Override
        void close();
    }
}
