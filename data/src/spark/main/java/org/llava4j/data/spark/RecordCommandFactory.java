package org.llava4j.data.spark;

import java.io.Serializable;
import org.llava4j.data.cli.RecordCommand;
import org.llava4j.data.cli.RecordExecutor;

/**
 * Makes a goal; sent to executors, which open the same records by it.
 *
 * @param <R> what a record gives
 */
@FunctionalInterface
public interface RecordCommandFactory<R> extends Serializable {
    RecordCommand<R> create(RecordExecutor place);
}
