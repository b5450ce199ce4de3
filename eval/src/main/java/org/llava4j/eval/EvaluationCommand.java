package org.llava4j.eval;

import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.RecordCommand;
import org.llava4j.cli.RecordExecutor;
import org.llava4j.cli.RecordProcessor;
import org.llava4j.eval.predictions.BatchExecutor;
import org.llava4j.model.chat.LlavaModel;

/**
 * Command that generates answers to many questions, in this process or on the executors of a cluster. Its records are
 * batches of questions; a result is the generated texts by question id.
 */
public abstract class EvaluationCommand extends RecordCommand<Map<String, String>> {

    protected EvaluationCommand(String name, String summary, RecordExecutor executor) {
        super(name, summary, executor);
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

    /** The executor of this command, for batches that are open. */
    protected final BatchExecutor executor(CommandLine line, RecordProcessor<Map<String, String>> batches) {
        return (batchIndices, onBatch) ->
                process(line, batches, batchIndices, (index, answers) -> onBatch.accept(answers));
    }
}
