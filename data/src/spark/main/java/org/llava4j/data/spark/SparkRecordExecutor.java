package org.llava4j.data.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import org.apache.commons.cli.CommandLine;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.Command;
import org.llava4j.data.cli.RecordCommand;
import org.llava4j.data.cli.RecordExecutor;
import org.llava4j.data.cli.RecordProcessor;

/**
 * The executors of a cluster as the place where records are worked on: ranges of records are tasks, and what they give comes
 * back in order, some ranges at a time, so that the driver holds no more than these.
 *
 * @param <T> what a record of the goal gives
 */
final class SparkRecordExecutor<T> implements RecordExecutor {
    private static final int RECORDS_PER_TASK = 1024;
    private static final int TASKS_PER_CORE = 4;

    private final JavaSparkContext spark;
    private final RecordCommandFactory<T> commandFactory;
    private final MirroredFlags flags;

    SparkRecordExecutor(JavaSparkContext spark, RecordCommandFactory<T> goal, MirroredFlags flags) {
        this.spark = spark;
        this.commandFactory = goal;
        this.flags = flags;
    }

    @Override
    public <R> Iterator<R> results(RecordCommand<R> command, CommandLine line, RecordProcessor<R> records) {
        @SuppressWarnings("unchecked") // the goal that this place was made for
        RangeTask<R> task = new RangeTask<>(
                UUID.randomUUID(),
                (RecordCommandFactory<R>) commandFactory,
                new ArrayList<>(flags.addressed(Command.arguments(line))),
                records.size());
        int together = Math.max(1, spark.defaultParallelism()) * TASKS_PER_CORE;
        return new RecordExecutor.ChunkedResults<>(records, RECORDS_PER_TASK * together) {
            @Override
            protected List<R> processChunk(int begin, int end) {
                List<int[]> ranges = new ArrayList<>();
                for (int from = begin; from < end; from += RECORDS_PER_TASK) {
                    ranges.add(new int[] {from, Math.min(end, from + RECORDS_PER_TASK)});
                }
                List<R> results = new ArrayList<>(end - begin);
                for (RangeResult<R> found :
                        spark.parallelize(ranges, ranges.size()).map(task).collect()) {
                    if (found.problem() != null) {
                        throw new BadInputException(found.problem() + " (on an executor)");
                    }
                    results.addAll(found.results());
                }
                return results;
            }
        };
    }

    /**
     * What a range of records gives.
     *
     * @param problem what is wrong with the input, instead of results; null if nothing is
     */
    private record RangeResult<R>(ArrayList<R> results, String problem) implements Serializable {}

    /**
     * A task, on an executor: it opens the records with its first range and keeps them for the next.
     *
     * @param run tells one run of an application from the next
     * @param arguments the goal's flags, with addresses where its files are not on every machine
     * @param size how many records the driver sees
     */
    private record RangeTask<R>(UUID run, RecordCommandFactory<R> commandFactory, ArrayList<String> arguments, int size)
            implements Function<int[], RangeResult<R>> {
        private static UUID openRun;
        private static RecordProcessor<?> open;

        @Override
        public RangeResult<R> call(int[] range) {
            try {
                RecordProcessor<R> records = records();
                ArrayList<R> results = new ArrayList<>();
                for (int number = range[0]; number < range[1]; number++) {
                    records.files(number).forEach(HadoopFiles::require);
                    results.add(records.process(number));
                }
                return new RangeResult<>(results, null);
            } catch (BadInputException e) {
                // Another try would meet it again.
                return new RangeResult<>(null, e.getMessage());
            }
        }

        @SuppressWarnings("unchecked") // the run's own
        private RecordProcessor<R> records() {
            synchronized (RangeTask.class) {
                if (!run.equals(openRun)) {
                    RecordCommand<R> command = commandFactory.create(RecordExecutor.LOCAL);
                    open = command.open(
                            command.parse(MirroredFlags.of(arguments, false).local()));
                    openRun = run;
                }
                if (open.size() != size) {
                    throw new BadInputException("an executor sees " + open.size() + " " + open.unit()
                            + " where the driver" + " sees " + size + "; give both the same files");
                }
                return (RecordProcessor<R>) open;
            }
        }
    }
}
