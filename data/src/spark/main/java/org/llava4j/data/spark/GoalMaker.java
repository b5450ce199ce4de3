package org.llava4j.data.spark;

import java.io.Serializable;
import org.llava4j.data.cli.RecordGoal;
import org.llava4j.data.cli.RecordPlace;

/**
 * Makes a goal; sent to executors, which open the same records by it.
 *
 * @param <R> what a record gives
 */
@FunctionalInterface
public interface GoalMaker<R> extends Serializable {
    RecordGoal<R> at(RecordPlace place);
}
