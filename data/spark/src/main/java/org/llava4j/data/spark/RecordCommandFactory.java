package org.llava4j.data.spark;

import java.io.Serializable;
import org.llava4j.cli.RecordCommand;
import org.llava4j.cli.RecordExecutor;

/**
 * Factory of a command over records. It is sent to executors, which open the same records with it.
 *
 * @param <R> result of a record
 */
@FunctionalInterface
public interface RecordCommandFactory<R> extends Serializable {
    RecordCommand<R> create(RecordExecutor executor);
}
