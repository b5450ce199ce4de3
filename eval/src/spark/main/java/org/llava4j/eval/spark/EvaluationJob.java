package org.llava4j.eval.spark;

import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;

/** {@code @scienceqa} and {@code @llava-bench}, their questions answered by executors. */
public final class EvaluationJob {
    private EvaluationJob() {}

    /** The goals' names. */
    public static List<String> commands() {
        return Arrays.stream(DistributedCommand.values())
                .map(DistributedCommand::label)
                .toList();
    }

    /**
     * Runs a goal.
     *
     * @param name one of {@link #commands}
     * @param args the goal's flags; model, data and pictures are where they are on every machine
     */
    public static void run(JavaSparkContext spark, String name, String... args) {
        DistributedCommand goal = DistributedCommand.named(name);
        goal.create(new SparkBackend(spark, goal)).invoke(args);
    }
}
