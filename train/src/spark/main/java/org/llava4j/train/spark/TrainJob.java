package org.llava4j.train.spark;

import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.llava4j.data.BadInputException;
import org.llava4j.data.spark.SparkJob;
import org.llava4j.train.stage.StageMain;
import org.llava4j.train.stage.Stages;

/**
 * {@code @pretrain}, {@code @finetune} and {@code @finetune-scienceqa} on Spark: {@code spark-submit --class
 * org.llava4j.train.spark.TrainJob}, the stage's name, then the goal's flags.
 */
public final class TrainJob {
    private static final List<String> STAGES =
            List.of(Stages.PRETRAIN, Stages.FINETUNE, Stages.FINETUNE_SCIENCEQA);

    private TrainJob() {}

    public static void main(String[] args) {
        SparkJob.run("training", spark -> run(spark, args));
    }

    /** The same on a context that is there. */
    public static void run(JavaSparkContext spark, String... args) {
        if (args.length == 0 || !STAGES.contains(args[0])) {
            throw new BadInputException("the first argument is the stage: " + String.join(", ", STAGES));
        }
        new StageMain(args[0], new SparkPlace(spark)).execute(Arrays.copyOfRange(args, 1, args.length));
    }
}
