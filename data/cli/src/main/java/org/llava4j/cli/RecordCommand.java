package org.llava4j.cli;

import java.util.Iterator;
import org.apache.commons.cli.CommandLine;

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

    /** The results of all records in order. */
    protected final Iterator<R> results(CommandLine line, RecordProcessor<R> records) {
        return executor.results(this, line, records);
    }
}
