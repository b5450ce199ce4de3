package org.llava4j.cli;

import java.util.Iterator;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.llava4j.data.CloseOnFailure;

/**
 * Command that processes independent records, so that the work can be distributed to other machines.
 *
 * @param <R> result of one record
 */
public abstract class RecordCommand<R> extends Command {
    private final RecordExecutor executor;

    /**
     * @param name name of the command in help and messages
     * @param summary description for {@code --help}
     * @param executor processes the records
     */
    protected RecordCommand(String name, String summary, RecordExecutor executor) {
        super(name, summary);
        this.executor = executor;
    }

    /**
     * Opens the records that the flags name.
     *
     * @throws org.llava4j.data.BadInputException if they are missing or invalid
     */
    public abstract RecordProcessor<R> open(CommandLine line);

    /** Opens the records and loads what this process needs to process them. */
    protected final RecordProcessor<R> openAndPrepare(CommandLine line) {
        RecordProcessor<R> records = open(line);
        return CloseOnFailure.run(records, () -> {
            executor.prepare(records);
            return records;
        });
    }

    /** Processes some of the records; see {@link RecordExecutor#process}. */
    protected final void process(
            CommandLine line,
            RecordProcessor<R> records,
            List<Integer> indices,
            RecordExecutor.ResultHandler<R> onResult) {
        executor.process(line, records, indices, onResult);
    }

    /** The results of all records in order; progress is printed. */
    protected final Iterator<R> results(CommandLine line, RecordProcessor<R> records) {
        return new OrderedResults<>(
                records, executor.chunkSize(), (indices, onResult) -> process(line, records, indices, onResult));
    }
}
