package org.llava4j.eval.spark;

import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;

/** {@code @scienceqa} and {@code @llava-bench}, their questions answered by executors. */
public final class AnswerJob {
    private AnswerJob() {}

    /** The goals' names. */
    public static List<String> goals() {
        return Arrays.stream(Goal.values()).map(Goal::label).toList();
    }

    /**
     * Runs a goal.
     *
     * @param name one of {@link #goals}
     * @param args the goal's flags; model, data and pictures are where they are on every machine
     */
    public static void run(JavaSparkContext spark, String name, String... args) {
        Goal goal = Goal.named(name);
        goal.at(new SparkAnswers(spark, goal)).invoke(args);
    }
}
