package org.llava4j.data.cli;

import java.util.Iterator;
import org.apache.commons.cli.CommandLine;

/**
 * A goal whose work is that of its records, each by itself, so that other machines may do it.
 *
 * @param <R> what a record gives
 */
public abstract class RecordGoal<R> extends Command {
    private final RecordPlace place;

    protected RecordGoal(String name, String summary, RecordPlace place) {
        super(name, summary);
        this.place = place;
    }

    /** Opens the records that flags name. @throws org.llava4j.data.BadInputException if they are missing or broken */
    public abstract Records<R> open(CommandLine line);

    /** The results of all records, in their order, from wherever they are worked on. */
    protected final Iterator<R> results(CommandLine line, Records<R> records) {
        return place.results(this, line, records);
    }
}
