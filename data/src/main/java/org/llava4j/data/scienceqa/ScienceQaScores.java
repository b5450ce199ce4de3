package org.llava4j.data.scienceqa;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/** Counts answers column by column, and by any other grouping of the problems. */
public final class ScienceQaScores {
    private final Map<ScienceQaColumn, Tally> columns = new EnumMap<>(ScienceQaColumn.class);
    private final SortedMap<String, Tally> groups = new TreeMap<>();
    private final Function<ScienceQaProblem, String> groupOf;

    /**
     * Starts with nothing counted.
     *
     * @param groupOf what else to group by, such as {@link ScienceQaProblem#skill}
     */
    public ScienceQaScores(Function<ScienceQaProblem, String> groupOf) {
        this.groupOf = groupOf;
        for (ScienceQaColumn column : ScienceQaColumn.values()) {
            columns.put(column, Tally.NONE);
        }
    }

    /** Counts one answer. */
    public void add(ScienceQaProblem problem, Extraction extraction) {
        columns.replaceAll(
                (column, tally) -> column.counts(problem) ? tally.plus(extraction, problem.answer()) : tally);
        groups.merge(
                groupOf.apply(problem),
                Tally.NONE.plus(extraction, problem.answer()),
                (before, one) -> before.plus(extraction, problem.answer()));
    }

    /** In the order of the tables; every column is there, also those that counted nothing. */
    public Map<ScienceQaColumn, Tally> columns() {
        return Collections.unmodifiableMap(columns);
    }

    /** Sorted by the name of the group. */
    public SortedMap<String, Tally> groups() {
        return Collections.unmodifiableSortedMap(groups);
    }

    /** All answers. */
    public Tally overall() {
        return columns.get(ScienceQaColumn.AVG);
    }
}
