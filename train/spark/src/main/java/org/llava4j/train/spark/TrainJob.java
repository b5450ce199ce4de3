package org.llava4j.train.spark;

import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.llava4j.train.command.StageMain;
import org.llava4j.train.stage.Stages;

/**
 * Spark versions of the commands {@code pretrain}, {@code finetune} and {@code finetune-scienceqa}, with gradients
 * computed by executors.
 */
public final class TrainJob {
    /** Names of the commands. */
    public static final List<String> STAGES = List.of(Stages.PRETRAIN, Stages.FINETUNE, Stages.FINETUNE_SCIENCEQA);

    private TrainJob() {}

    /**
     * Runs a command.
     *
     * @param spark context whose executors compute gradients
     * @param stage one of {@link #STAGES}
     * @param args flags of the command
     */
    public static void run(JavaSparkContext spark, String stage, String... args) {
        new StageMain(stage, new SparkGradientExecutor(spark)).invoke(args);
    }
}
