package org.llava4j.eval.spark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.llava4j.data.BadInputException;
import org.llava4j.data.pretraining.ExpandCaptionsMain;
import org.llava4j.data.pretraining.FilterConceptsMain;
import org.llava4j.data.spark.RecordJob;
import org.llava4j.data.spark.SparkJob;
import org.llava4j.train.lint.LintDataMain;
import org.llava4j.train.shards.TokenizeDataMain;
import org.llava4j.train.spark.TrainJob;

/** What {@code spark-submit} runs: the name of a goal, then the flags that the goal has on one machine. */
public final class SparkMain {
    private static final List<String> OVER_RECORDS =
            List.of("filter-concepts", "expand-captions", "lint-data", "tokenize-data");

    private SparkMain() {}

    public static void main(String[] args) {
        String goal = args.length == 0 ? "" : args[0];
        SparkJob.run(goal, spark -> run(spark, goal, Arrays.copyOfRange(args, Math.min(1, args.length), args.length)));
    }

    private static void run(JavaSparkContext spark, String goal, String... flags) {
        if (TrainJob.STAGES.contains(goal)) {
            TrainJob.run(spark, goal, flags);
        } else if (AnswerJob.goals().contains(goal)) {
            AnswerJob.run(spark, goal, flags);
        } else {
            switch (goal) {
                case "filter-concepts" -> RecordJob.run(spark, FilterConceptsMain::new, flags);
                case "expand-captions" -> RecordJob.run(spark, ExpandCaptionsMain::new, flags);
                case "lint-data" -> RecordJob.run(spark, LintDataMain::new, flags);
                case "tokenize-data" -> RecordJob.run(spark, TokenizeDataMain::new, flags);
                default -> throw new BadInputException("the first argument is a goal: " + String.join(", ", goals()));
            }
        }
    }

    private static List<String> goals() {
        List<String> goals = new ArrayList<>(OVER_RECORDS);
        goals.addAll(TrainJob.STAGES);
        goals.addAll(AnswerJob.goals());
        return goals;
    }
}
