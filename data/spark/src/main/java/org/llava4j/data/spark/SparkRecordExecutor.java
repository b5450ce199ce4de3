package org.llava4j.data.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
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
import org.llava4j.data.Fingerprint;
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
    private @Nullable RecordProcessor<?> identified;
    private LinkedHashMap<String, String> identity = new LinkedHashMap<>();

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
    public <R> void process(
            CommandLine line, RecordProcessor<R> records, List<Integer> indices, ResultHandler<R> onResult) {
        int perTask = records.isParallel() ? RECORDS_PER_TASK : 1;
        List<RecordPart> parts = new ArrayList<>();
        for (int from = 0; from < indices.size(); from += perTask) {
            parts.add(RecordPart.of(records, indices.subList(from, Math.min(indices.size(), from + perTask))));
        }
        if (parts.isEmpty()) {
            return;
        }
        @SuppressWarnings("unchecked") // this executor's own command
        RecordTask<R> task = new RecordTask<>(
                id,
                (RecordCommandFactory<R>) commandFactory,
                new ArrayList<>(flags.addressed(Command.arguments(line))),
                records.size(),
                identity(records));
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

    /** The identity of the records that this process has opened; computed once, because it reads files. */
    private LinkedHashMap<String, String> identity(RecordProcessor<?> records) {
        if (identified != records) {
            identity = new LinkedHashMap<>(records.identity().values());
            identified = records;
        }
        return identity;
    }

    /**
     * Records of a task.
     *
     * @param contentHashes of each record, as the driver reads its contents
     */
    private record RecordPart(int[] indices, String[] contentHashes) implements Serializable {
        static RecordPart of(RecordProcessor<?> records, List<Integer> indices) {
            return new RecordPart(
                    indices.stream().mapToInt(Integer::intValue).toArray(),
                    indices.stream().map(records::contentHash).toArray(String[]::new));
        }
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
     * @param identity of the records on the driver
     */
    private record RecordTask<R>(
            UUID run,
            RecordCommandFactory<R> commandFactory,
            ArrayList<String> arguments,
            int size,
            LinkedHashMap<String, String> identity)
            implements Function<RecordPart, TaskResult<R>> {
        private static @Nullable OpenRecords open;

        /** Open records of a run. */
        private record OpenRecords(UUID run, RecordProcessor<?> records) {}

        @Override
        public TaskResult<R> call(RecordPart part) {
            NativeMemory.configure();
            try {
                RecordProcessor<R> records = records();
                if (records.isParallel()) {
                    return process(records, part);
                }
                synchronized (RecordTask.class) {
                    return process(records, part);
                }
            } catch (BadInputException e) {
                // A retry would fail in the same way.
                return new TaskResult<>(part.indices(), new ArrayList<>(), e.getMessage());
            }
        }

        private TaskResult<R> process(RecordProcessor<R> records, RecordPart part) {
            ArrayList<R> results = new ArrayList<>();
            for (int i = 0; i < part.indices().length; i++) {
                int index = part.indices()[i];
                records.files(index).forEach(HadoopFiles::require);
                requireSameContent(records, index, part.contentHashes()[i]);
                results.add(records.process(index));
                // What was processed is what the driver read, also if a file changed meanwhile.
                requireSameContent(records, index, part.contentHashes()[i]);
            }
            return new TaskResult<>(part.indices(), results, null);
        }

        private static void requireSameContent(RecordProcessor<?> records, int index, String expected) {
            if (!records.contentHash(index).equals(expected)) {
                throw new BadInputException("an executor reads other files than the driver for one of the "
                        + records.unit() + " (number " + index + "); give both the same files");
            }
        }

        private void requireSameIdentity(RecordProcessor<?> records) {
            List<String> differences = new Fingerprint(identity).differences(records.identity());
            if (!differences.isEmpty()) {
                records.close();
                throw new BadInputException("an executor reads other files than the driver: "
                        + Fingerprint.summarize(differences) + "; give both the same files");
            }
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
                    requireSameIdentity(current.records);
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
