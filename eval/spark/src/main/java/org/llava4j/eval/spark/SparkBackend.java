package org.llava4j.eval.spark;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.commons.cli.CommandLine;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.llava4j.cli.Command;
import org.llava4j.data.BadInputException;
import org.llava4j.data.spark.PartitionResults;
import org.llava4j.eval.EvaluationCommand;
import org.llava4j.eval.InferenceBackend;

/**
 * Inference backend that distributes batches over Spark executors. Each batch is one task; its answers reach the driver
 * as soon as the task ends. Spark repeats the batches of a lost executor on another.
 */
final class SparkBackend implements InferenceBackend {
    private final JavaSparkContext spark;
    private final DistributedCommand factory;

    SparkBackend(JavaSparkContext spark, DistributedCommand factory) {
        this.spark = spark;
        this.factory = factory;
    }

    @Override
    public Session open(EvaluationCommand command, CommandLine line) {
        PredictBatchTask task =
                new PredictBatchTask(UUID.randomUUID(), factory, new ArrayList<>(Command.arguments(line)));
        return new Session() {
            @Override
            public void execute(List<Integer> batchIndices, Consumer<Map<String, String>> onBatch) {
                if (!batchIndices.isEmpty()) {
                    distribute(task, batchIndices, onBatch);
                }
            }

            @Override
            public void close() {
                // Executors keep the model until the application ends.
            }
        };
    }

    private void distribute(PredictBatchTask task, List<Integer> batchIndices, Consumer<Map<String, String>> onBatch) {
        JavaRDD<BatchResult> answers =
                spark.parallelize(batchIndices, batchIndices.size()).map(task);
        PartitionResults.forEach(answers, BatchResult.class, result -> {
            if (result.inputError() != null) {
                throw new BadInputException(result.inputError() + " (on an executor)");
            }
            onBatch.accept(result.answersById());
        });
    }
}
