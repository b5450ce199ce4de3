package org.llava4j.eval.spark;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.commons.cli.CommandLine;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.Command;
import org.llava4j.data.spark.PartitionResults;
import org.llava4j.eval.EvaluationCommand;
import org.llava4j.eval.InferenceBackend;

/**
 * The executors of a cluster as the place where questions are asked. A company is a task; its answers are the driver's as
 * soon as the task ends. The company of a lost executor is asked again on another.
 */
final class SparkBackend implements InferenceBackend {
    private final JavaSparkContext spark;
    private final DistributedCommand factory;

    SparkBackend(JavaSparkContext spark, DistributedCommand goal) {
        this.spark = spark;
        this.factory = goal;
    }

    @Override
    public Session open(EvaluationCommand command, CommandLine line) {
        PredictBatchTask task =
                new PredictBatchTask(UUID.randomUUID(), factory, new ArrayList<>(Command.arguments(line)));
        return new Session() {
            @Override
            public void execute(List<Integer> numbers, Consumer<Map<String, String>> answered) {
                if (!numbers.isEmpty()) {
                    spread(task, numbers, answered);
                }
            }

            @Override
            public void close() {
                // Executors keep their model as long as the application has them.
            }
        };
    }

    private void spread(PredictBatchTask task, List<Integer> numbers, Consumer<Map<String, String>> answered) {
        JavaRDD<BatchResult> answers =
                spark.parallelize(numbers, numbers.size()).map(task);
        PartitionResults.forEach(answers, BatchResult.class, some -> {
            if (some.inputError() != null) {
                throw new BadInputException(some.inputError() + " (on an executor)");
            }
            answered.accept(some.answersById());
        });
    }
}
