package org.llava4j.eval;

import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.eval.predictions.BatchExecutor;
import org.llava4j.model.LlavaModel;

/** Command that generates answers to many questions, in this process or on the executors of a cluster. */
public abstract class EvaluationCommand extends Command {
    private final InferenceBackend backend;

    protected EvaluationCommand(String name, String summary, InferenceBackend place) {
        super(name, summary);
        this.backend = place;
    }

    @Override
    protected Options options() {
        return DecodingFlags.addTo(ModelSpec.addFlags(new Options()));
    }

    /** Generates the answers of one batch of questions. */
    @FunctionalInterface
    public interface BatchPredictor {
        /**
         * Generates one batch.
         *
         * @param batchIndex index of the batch, from 0
         * @return generated texts by question id
         */
        Map<String, String> predict(LlavaModel model, int batchIndex);

        /** An executor that runs the batches on a model in this process, one after another. */
        default BatchExecutor executor(LlavaModel model) {
            return (batchIndices, onBatch) ->
                    batchIndices.forEach(batchIndex -> onBatch.accept(predict(model, batchIndex)));
        }
    }

    /**
     * Reads the questions.
     *
     * @throws org.llava4j.data.BadInputException if they are malformed
     */
    public abstract BatchPredictor predictor(CommandLine line);

    /** Opens the inference backend. */
    protected InferenceBackend.Session openBackend(CommandLine line) {
        return backend.open(this, line);
    }
}
