package org.llava4j.data.spark;

import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.llava4j.cli.RecordExecutor;

/** Spark job of a command over records: executors process the records. */
public final class RecordJob {
    private RecordJob() {}

    /**
     * Runs the command with its own flags. Files may be on any Hadoop file system; a local file must have the same path
     * on every machine.
     */
    public static <R> void run(JavaSparkContext spark, RecordCommandFactory<R> factory, String... args) {
        MirroredFlags flags =
                MirroredFlags.of(List.of(factory.create(RecordExecutor.LOCAL).lastOccurrences(args)), true);
        try {
            factory.create(new SparkRecordExecutor<>(spark, factory, flags)).invoke(flags.local());
        } finally {
            // A failed command may have written a report.
            flags.publish();
        }
    }
}
