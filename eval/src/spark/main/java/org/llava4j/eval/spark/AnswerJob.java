package org.llava4j.eval.spark;

import java.util.Arrays;
import org.apache.spark.api.java.JavaSparkContext;
import org.llava4j.data.spark.SparkJob;

/**
 * {@code @scienceqa} and {@code @llava-bench} on Spark: {@code spark-submit --class org.llava4j.eval.spark.AnswerJob}, the
 * goal's name, then its flags. Model, data and pictures are where they are on every machine; the output is the driver's.
 */
public final class AnswerJob {
    private AnswerJob() {}

    public static void main(String[] args) {
        SparkJob.run("answers", spark -> run(spark, args));
    }

    /** The same on a context that is there. */
    public static void run(JavaSparkContext spark, String... args) {
        Goal goal = Goal.named(args.length == 0 ? "" : args[0]);
        goal.at(new SparkAnswers(spark, goal)).execute(Arrays.copyOfRange(args, 1, args.length));
    }
}
