package org.llava4j.train.spark;

import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.llava4j.train.stage.StageMain;
import org.llava4j.train.stage.Stages;

/** {@code @pretrain}, {@code @finetune} and {@code @finetune-scienceqa}, their gradients computed by executors. */
public final class TrainJob {
    /** The goals' names. */
    public static final List<String> STAGES = List.of(Stages.PRETRAIN, Stages.FINETUNE, Stages.FINETUNE_SCIENCEQA);

    private TrainJob() {}

    /**
     * Runs a goal.
     *
     * @param stage one of {@link #STAGES}
     * @param args the goal's flags
     */
    public static void run(JavaSparkContext spark, String stage, String... args) {
        new StageMain(stage, new SparkGradientExecutor(spark)).invoke(args);
    }
}
