package org.llava4j.data.cli;

import java.util.Iterator;
import org.apache.commons.cli.CommandLine;

/**
 * A goal whose work is that of its records, each by itself, so that other machines may do it.
 *
 * @param <R> what a record gives
 */
public abstract class RecordCommand<R> extends Command {
    private final RecordExecutor executor;

    protected RecordCommand(String name, String summary, RecordExecutor place) {
        super(name, summary);
        this.executor = place;
    }

    /** Opens the records that flags name. @throws org.llava4j.data.BadInputException if they are missing or broken */
    public abstract RecordProcessor<R> open(CommandLine line);

    /** The results of all records, in their order, from wherever they are worked on. */
    protected final Iterator<R> results(CommandLine line, RecordProcessor<R> records) {
        return executor.results(this, line, records);
    }
}
