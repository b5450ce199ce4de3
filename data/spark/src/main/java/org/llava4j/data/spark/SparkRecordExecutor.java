package org.llava4j.data.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import org.apache.commons.cli.CommandLine;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.jspecify.annotations.Nullable;
import org.llava4j.cli.Command;
import org.llava4j.cli.RecordCommand;
import org.llava4j.cli.RecordExecutor;
import org.llava4j.cli.RecordProcessor;
import org.llava4j.data.BadInputException;

/**
 * Executor of record processing on a Spark cluster. Ranges of records are tasks. Results return in order and in chunks
 * of a few ranges, so that the driver holds no more than one chunk.
 *
 * @param <T> result of a record
 */
final class SparkRecordExecutor<T> implements RecordExecutor {
    private static final int RECORDS_PER_TASK = 1024;
    private static final int TASKS_PER_CORE = 4;

    private final JavaSparkContext spark;
    private final RecordCommandFactory<T> commandFactory;
    private final MirroredFlags flags;

    SparkRecordExecutor(JavaSparkContext spark, RecordCommandFactory<T> commandFactory, MirroredFlags flags) {
        this.spark = spark;
        this.commandFactory = commandFactory;
        this.flags = flags;
    }

    @Override
    public <R> Iterator<R> results(RecordCommand<R> command, CommandLine line, RecordProcessor<R> records) {
        @SuppressWarnings("unchecked") // this executor's own command
        RangeTask<R> task = new RangeTask<>(
                UUID.randomUUID(),
                (RecordCommandFactory<R>) commandFactory,
                new ArrayList<>(flags.addressed(Command.arguments(line))),
                records.size());
        int parallelTasks = Math.max(1, spark.defaultParallelism()) * TASKS_PER_CORE;
        return new RecordExecutor.ChunkedResults<>(records, RECORDS_PER_TASK * parallelTasks) {
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
     * Results of a range of records.
     *
     * @param problem error in the input, in place of results; null if there is none
     */
    private record RangeResult<R>(
            ArrayList<R> results, @Nullable String problem) implements Serializable {}

    /**
     * Task on an executor: opens the records with its first range and caches them for the next.
     *
     * @param run identifies a run within an application
     * @param arguments the command's flags, with the addresses of files that are not on every machine
     * @param size number of records on the driver
     */
    private record RangeTask<R>(UUID run, RecordCommandFactory<R> commandFactory, ArrayList<String> arguments, int size)
            implements Function<int[], RangeResult<R>> {
        private static @Nullable OpenRecords open;

        /** Open records of a run. */
        private record OpenRecords(UUID run, RecordProcessor<?> records) {}

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
                // A retry would fail in the same way.
                return new RangeResult<>(new ArrayList<>(), e.getMessage());
            }
        }

        @SuppressWarnings("unchecked") // records of this run
        private RecordProcessor<R> records() {
            synchronized (RangeTask.class) {
                OpenRecords current = open;
                if (current == null || !current.run.equals(run)) {
                    RecordCommand<R> command = commandFactory.create(RecordExecutor.LOCAL);
                    current = new OpenRecords(
                            run,
                            command.open(command.parse(
                                    MirroredFlags.of(arguments, false).local())));
                    open = current;
                }
                RecordProcessor<?> records = current.records;
                if (records.size() != size) {
                    throw new BadInputException("an executor sees " + records.size() + " " + records.unit()
                            + " where the driver" + " sees " + size + "; give both the same files");
                }
                return (RecordProcessor<R>) records;
            }
        }
    }
}
