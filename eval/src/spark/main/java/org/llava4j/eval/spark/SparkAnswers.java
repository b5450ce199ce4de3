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
import org.llava4j.eval.AskingGoal;
import org.llava4j.eval.AskingPlace;

/**
 * The executors of a cluster as the place where questions are asked. A company is a task; its answers are the driver's as
 * soon as the task ends. The company of a lost executor is asked again on another.
 */
final class SparkAnswers implements AskingPlace {
    private final JavaSparkContext spark;
    private final Goal goal;

    SparkAnswers(JavaSparkContext spark, Goal goal) {
        this.spark = spark;
        this.goal = goal;
    }

    @Override
    public Place open(AskingGoal command, CommandLine line) {
        AskCompany task = new AskCompany(UUID.randomUUID(), goal, new ArrayList<>(Command.arguments(line)));
        return new Place() {
            @Override
            public void ask(List<Integer> numbers, Consumer<Map<String, String>> answered) {
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

    private void spread(AskCompany task, List<Integer> numbers, Consumer<Map<String, String>> answered) {
        JavaRDD<Answers> answers = spark.parallelize(numbers, numbers.size()).map(task);
        PartitionResults.forEach(answers, Answers.class, some -> {
            if (some.problem() != null) {
                throw new BadInputException(some.problem() + " (on an executor)");
            }
            answered.accept(some.byQuestion());
        });
    }
}
