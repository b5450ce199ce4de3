package org.llava4j.eval.spark;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.UUID;
import org.apache.commons.cli.CommandLine;
import org.apache.spark.api.java.function.Function;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.NativeMemory;
import org.llava4j.eval.EvaluationCommand;
import org.llava4j.eval.InferenceBackend;
import org.llava4j.eval.ModelSpec;
import org.llava4j.model.LlavaModel;

/**
 * A task: asks one company on an executor. The model and the questions are loaded by the first and kept for the next.
 *
 * @param run tells one run of an application from the next
 * @param arguments the goal's flags, with absolute paths
 */
record PredictBatchTask(UUID run, DistributedCommand factory, ArrayList<String> arguments)
        implements Function<Integer, BatchResult> {
    private static LoadedModel loaded;

    /** What an executor keeps. */
    private record LoadedModel(UUID run, LlavaModel model, EvaluationCommand.BatchPredictor asker) {}

    @Override
    public BatchResult call(Integer company) {
        NativeMemory.configure();
        try {
            return new BatchResult(ask(company), null);
        } catch (BadInputException e) {
            // Another try would meet it again.
            return new BatchResult(null, e.getMessage());
        }
    }

    /** One company at a time, whatever the executor's processors: they are the company's. */
    private LinkedHashMap<String, String> ask(int company) {
        synchronized (PredictBatchTask.class) {
            if (loaded == null || !loaded.run().equals(run)) {
                if (loaded != null) {
                    loaded.model().close();
                }
                loaded = null;
                EvaluationCommand command = factory.create(InferenceBackend.LOCAL);
                CommandLine line = command.parse(arguments.toArray(String[]::new));
                EvaluationCommand.BatchPredictor asker = command.predictor(line);
                loaded = new LoadedModel(run, ModelSpec.of(line).load(), asker);
            }
            return new LinkedHashMap<>(loaded.asker().predict(loaded.model(), company));
        }
    }
}
