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
import org.llava4j.data.cli.RecordGoal;
import org.llava4j.data.cli.RecordPlace;
import org.llava4j.data.cli.Records;

/**
 * The executors of a cluster as the place where records are worked on: ranges of records are tasks, and what they give comes
 * back in order, some ranges at a time, so that the driver holds no more than these.
 *
 * @param <T> what a record of the goal gives
 */
final class SparkRecords<T> implements RecordPlace {
    private static final int RECORDS_OF_A_TASK = 1024;
    private static final int TASKS_OF_A_PROCESSOR = 4;

    private final JavaSparkContext spark;
    private final GoalMaker<T> goal;
    private final MirroredFlags flags;

    SparkRecords(JavaSparkContext spark, GoalMaker<T> goal, MirroredFlags flags) {
        this.spark = spark;
        this.goal = goal;
        this.flags = flags;
    }

    @Override
    public <R> Iterator<R> results(RecordGoal<R> command, CommandLine line, Records<R> records) {
        @SuppressWarnings("unchecked") // the goal that this place was made for
        Range<R> task = new Range<>(
                UUID.randomUUID(),
                (GoalMaker<R>) goal,
                new ArrayList<>(flags.addressed(Command.arguments(line))),
                records.size());
        int together = Math.max(1, spark.defaultParallelism()) * TASKS_OF_A_PROCESSOR;
        return new RecordPlace.Waves<>(records, RECORDS_OF_A_TASK * together) {
            @Override
            protected List<R> wave(int begin, int end) {
                List<int[]> ranges = new ArrayList<>();
                for (int from = begin; from < end; from += RECORDS_OF_A_TASK) {
                    ranges.add(new int[] {from, Math.min(end, from + RECORDS_OF_A_TASK)});
                }
                List<R> results = new ArrayList<>(end - begin);
                for (Found<R> found :
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
    private record Found<R>(ArrayList<R> results, String problem) implements Serializable {}

    /**
     * A task, on an executor: it opens the records with its first range and keeps them for the next.
     *
     * @param run tells one run of an application from the next
     * @param arguments the goal's flags, with addresses where its files are not on every machine
     * @param size how many records the driver sees
     */
    private record Range<R>(UUID run, GoalMaker<R> goal, ArrayList<String> arguments, int size)
            implements Function<int[], Found<R>> {
        private static UUID openRun;
        private static Records<?> open;

        @Override
        public Found<R> call(int[] range) {
            try {
                Records<R> records = records();
                ArrayList<R> results = new ArrayList<>();
                for (int number = range[0]; number < range[1]; number++) {
                    records.files(number).forEach(HadoopFiles::require);
                    results.add(records.of(number));
                }
                return new Found<>(results, null);
            } catch (BadInputException e) {
                // Another try would meet it again.
                return new Found<>(null, e.getMessage());
            }
        }

        @SuppressWarnings("unchecked") // the run's own
        private Records<R> records() {
            synchronized (Range.class) {
                if (!run.equals(openRun)) {
                    RecordGoal<R> command = goal.at(RecordPlace.HERE);
                    open = command.open(
                            command.parse(MirroredFlags.of(arguments, false).local()));
                    openRun = run;
                }
                if (open.size() != size) {
                    throw new BadInputException("an executor sees " + open.size() + " " + open.what()
                            + " where the driver" + " sees " + size + "; give both the same files");
                }
                return (Records<R>) open;
            }
        }
    }
}
