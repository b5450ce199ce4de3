package org.llava4j.eval.spark;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.UUID;
import org.apache.commons.cli.CommandLine;
import org.apache.spark.api.java.function.Function;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.memory.NativeMemory;
import org.llava4j.eval.EvaluationCommand;
import org.llava4j.eval.InferenceBackend;
import org.llava4j.eval.ModelSpec;
import org.llava4j.model.LlavaModel;

/**
 * Spark task that generates one batch on an executor. The first task loads model and questions and keeps them for later
 * tasks.
 *
 * @param run id of the run within the application
 * @param arguments flags of the command, with absolute paths
 */
record PredictBatchTask(UUID run, DistributedCommand factory, ArrayList<String> arguments)
        implements Function<Integer, BatchResult> {
    private static @Nullable LoadedModel loaded;

    /** Model and predictor that an executor keeps between tasks. */
    private record LoadedModel(UUID run, LlavaModel model, EvaluationCommand.BatchPredictor predictor) {}

    @Override
    public BatchResult call(Integer batchIndex) {
        NativeMemory.configure();
        try {
            return new BatchResult(predict(batchIndex), null);
        } catch (BadInputException e) {
            // A retry would fail in the same way.
            return new BatchResult(new LinkedHashMap<>(), e.getMessage());
        }
    }

    /** Generates one batch at a time per executor, because a batch uses all of its cores. */
    private LinkedHashMap<String, String> predict(int batchIndex) {
        synchronized (PredictBatchTask.class) {
            if (loaded != null && !loaded.run().equals(run)) {
                loaded.model().close();
                loaded = null;
            }
            LoadedModel current = loaded == null ? load() : loaded;
            loaded = current;
            return new LinkedHashMap<>(current.predictor().predict(current.model(), batchIndex));
        }
    }

    private LoadedModel load() {
        EvaluationCommand command = factory.create(InferenceBackend.LOCAL);
        CommandLine line = command.parse(arguments.toArray(String[]::new));
        EvaluationCommand.BatchPredictor predictor = command.predictor(line);
        return new LoadedModel(run, ModelSpec.of(line).load(), predictor);
    }
}
