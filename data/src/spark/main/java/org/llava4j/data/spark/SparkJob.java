package org.llava4j.data.spark;

import java.util.function.Consumer;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.CommandFailedException;

/** What every {@code main} for {@code spark-submit} does around its work. */
public final class SparkJob {
    private SparkJob() {}

    /** What our jobs want of Spark, unless it was told otherwise: weights are noise to a compressor, and cost it time. */
    public static SparkConf tuned(SparkConf conf) {
        return conf.setIfMissing("spark.broadcast.compress", "false");
    }

    /** Does work on the context that {@code spark-submit} describes; what is wrong is one line, and the exit is not 0. */
    public static void run(String what, Consumer<JavaSparkContext> work) {
        boolean failed = false;
        try (JavaSparkContext spark = new JavaSparkContext(tuned(new SparkConf().setAppName("LLaVA4J " + what)))) {
            work.accept(spark);
        } catch (CommandFailedException e) {
            failed = true;
        } catch (BadInputException e) {
            System.err.println(what + ": " + e.getMessage());
            failed = true;
        }
        if (failed) {
            System.exit(1);
        }
    }
}
