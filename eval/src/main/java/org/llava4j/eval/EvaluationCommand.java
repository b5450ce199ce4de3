package org.llava4j.eval;

import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.cli.Command;
import org.llava4j.eval.predictions.BatchExecutor;
import org.llava4j.model.LlavaModel;

/** A goal that asks a model many questions, which others than this machine may answer. */
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

    /** Asks a model the questions of one company. */
    @FunctionalInterface
    public interface BatchPredictor {
        /**
         * @param company its number, counted from 0
         * @return what was answered, by question
         */
        Map<String, String> predict(LlavaModel model, int company);

        /** Companies that are asked of a model one after the other. */
        default BatchExecutor executor(LlavaModel model) {
            return (numbers, answered) -> numbers.forEach(number -> answered.accept(predict(model, number)));
        }
    }

    /** Reads the questions. @throws org.llava4j.data.BadInputException if they are broken */
    public abstract BatchPredictor predictor(CommandLine line);

    /** Opens the place where the questions are asked. */
    protected InferenceBackend.Session openBackend(CommandLine line) {
        return backend.open(this, line);
    }
}
