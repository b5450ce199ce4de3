package org.llava4j.data.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.jspecify.annotations.Nullable;
import org.llava4j.cli.Command;
import org.llava4j.cli.RecordCommand;
import org.llava4j.cli.RecordExecutor;
import org.llava4j.cli.RecordProcessor;
import org.llava4j.cli.RecordRun;
import org.llava4j.data.BadInputException;
import org.llava4j.data.memory.NativeMemory;

/**
 * Executor of record processing on a Spark cluster. A task processes a range of records, or one record that uses all
 * cores; its results reach the driver as soon as it ends. Spark repeats the tasks of a lost executor on another.
 *
 * @param <T> result of a record
 */
final class SparkRecordExecutor<T> implements RecordExecutor {
    private static final int RECORDS_PER_TASK = 1024;
    private static final int TASKS_PER_CORE = 4;

    private final JavaSparkContext spark;
    private final RecordCommandFactory<T> commandFactory;
    private final MirroredFlags flags;
    private final UUID id = UUID.randomUUID();

    SparkRecordExecutor(JavaSparkContext spark, RecordCommandFactory<T> commandFactory, MirroredFlags flags) {
        this.spark = spark;
        this.commandFactory = commandFactory;
        this.flags = flags;
    }

    @Override
    public int chunkSize() {
        return RECORDS_PER_TASK * TASKS_PER_CORE * Math.max(1, spark.defaultParallelism());
    }

    @Override
    public <R> void process(RecordRun<R> run, List<Integer> indices, ResultHandler<R> onResult) {
        RecordProcessor<R> records = run.records();
        int perTask = records.isParallel() ? RECORDS_PER_TASK : 1;
        List<int[]> parts = new ArrayList<>();
        for (int from = 0; from < indices.size(); from += perTask) {
            parts.add(indices.subList(from, Math.min(indices.size(), from + perTask)).stream()
                    .mapToInt(Integer::intValue)
                    .toArray());
        }
        if (parts.isEmpty()) {
            return;
        }
        @SuppressWarnings("unchecked") // this executor's own command
        RecordTask<R> task = new RecordTask<>(
                id,
                (RecordCommandFactory<R>) commandFactory,
                new ArrayList<>(flags.addressed(Command.arguments(run.line()))),
                records.size());
        @SuppressWarnings("unchecked") // a class literal has no type argument
        Class<TaskResult<R>> type = (Class<TaskResult<R>>) (Class<?>) TaskResult.class;
        PartitionResults.forEach(spark.parallelize(parts, parts.size()).map(task), type, part -> {
            if (part.problem() != null) {
                throw new BadInputException(part.problem() + " (on an executor)");
            }
            for (int i = 0; i < part.indices().length; i++) {
                onResult.accept(part.indices()[i], part.results().get(i));
            }
        });
    }

    /**
     * Results of the records of a task.
     *
     * @param problem error in the input, in place of results; null if there is none
     */
    private record TaskResult<R>(
            int[] indices, ArrayList<R> results, @Nullable String problem) implements Serializable {}

    /**
     * Task on an executor: opens the records with its first task and keeps them for the next.
     *
     * @param run identifies a run within an application
     * @param arguments the command's flags, with the addresses of files that are not on every machine
     * @param size number of records on the driver
     */
    private record RecordTask<R>(
            UUID run, RecordCommandFactory<R> commandFactory, ArrayList<String> arguments, int size)
            implements Function<int[], TaskResult<R>> {
        private static @Nullable OpenRecords open;

        /** Open records of a run. */
        private record OpenRecords(UUID run, RecordProcessor<?> records) {}

        @Override
        public TaskResult<R> call(int[] indices) {
            NativeMemory.configure();
            try {
                RecordProcessor<R> records = records();
                if (records.isParallel()) {
                    return process(records, indices);
                }
                synchronized (RecordTask.class) {
                    return process(records, indices);
                }
            } catch (BadInputException e) {
                // A retry would fail in the same way.
                return new TaskResult<>(indices, new ArrayList<>(), e.getMessage());
            }
        }

        private TaskResult<R> process(RecordProcessor<R> records, int[] indices) {
            ArrayList<R> results = new ArrayList<>();
            for (int index : indices) {
                records.files(index).forEach(HadoopFiles::require);
                results.add(records.process(index));
            }
            return new TaskResult<>(indices, results, null);
        }

        @SuppressWarnings("unchecked") // records of this run
        private RecordProcessor<R> records() {
            synchronized (RecordTask.class) {
                OpenRecords current = open;
                if (current == null || !current.run.equals(run)) {
                    if (current != null) {
                        open = null;
                        current.records.close();
                    }
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
