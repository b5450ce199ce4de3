package org.llava4j.data.spark;

import java.util.function.Consumer;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.BadInputException;

/** Frame of every {@code main} for {@code spark-submit}: creates the context and reports errors. */
public final class SparkJob {
    private SparkJob() {}

    /**
     * Sets defaults for LLaVA4J's jobs: model weights do not compress, so compression of broadcasts only costs time.
     */
    public static SparkConf tuned(SparkConf conf) {
        return conf.setIfMissing("spark.broadcast.compress", "false");
    }

    /**
     * Runs a job on the context that {@code spark-submit} describes. An error is reported as one line, with exit status
     * 1.
     */
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
