package org.llava4j.eval.spark;

import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;

/** Runs {@code @scienceqa} or {@code @llava-bench} with answer generation on Spark executors. */
public final class EvaluationJob {
    private EvaluationJob() {}

    /** Names of the commands. */
    public static List<String> commands() {
        return Arrays.stream(DistributedCommand.values())
                .map(DistributedCommand::label)
                .toList();
    }

    /**
     * Runs a command.
     *
     * @param name one of {@link #commands}
     * @param args flags of the command; model, data and images must have the same paths on every machine
     */
    public static void run(JavaSparkContext spark, String name, String... args) {
        DistributedCommand command = DistributedCommand.named(name);
        command.create(new SparkBackend(spark, command)).invoke(args);
    }
}
