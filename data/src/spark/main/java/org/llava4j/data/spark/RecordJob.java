package org.llava4j.data.spark;

import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.llava4j.data.cli.RecordExecutor;

/** A goal over records, its records worked on by executors. */
public final class RecordJob {
    private RecordJob() {}

    /**
     * Runs the goal: with its own flags, in which files may be on any Hadoop file system; a local file must be where it is
     * on every machine.
     */
    public static <R> void run(JavaSparkContext spark, RecordCommandFactory<R> goal, String... args) {
        MirroredFlags flags =
                MirroredFlags.of(List.of(goal.create(RecordExecutor.LOCAL).lastOccurrences(args)), true);
        try {
            goal.create(new SparkRecordExecutor<>(spark, goal, flags)).invoke(flags.local());
        } finally {
            // A goal may fail and have written why.
            flags.publish();
        }
    }
}
