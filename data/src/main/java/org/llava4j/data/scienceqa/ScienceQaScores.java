package org.llava4j.data.scienceqa;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/** Counts answers column by column, and by any other grouping of the problems. */
public final class ScienceQaScores {
    private final Map<ScienceQaColumn, AnswerCounts> columns = new EnumMap<>(ScienceQaColumn.class);
    private final SortedMap<String, AnswerCounts> groups = new TreeMap<>();
    private final Function<ScienceQaProblem, String> groupOf;

    /**
     * Starts with nothing counted.
     *
     * @param groupOf what else to group by, such as {@link ScienceQaProblem#skill}
     */
    public ScienceQaScores(Function<ScienceQaProblem, String> groupOf) {
        this.groupOf = groupOf;
        for (ScienceQaColumn column : ScienceQaColumn.values()) {
            columns.put(column, AnswerCounts.NONE);
        }
    }

    /** Counts one answer. */
    public void add(ScienceQaProblem problem, ParsedAnswer extraction) {
        columns.replaceAll(
                (column, tally) -> column.includes(problem) ? tally.plus(extraction, problem.answer()) : tally);
        groups.merge(
                groupOf.apply(problem),
                AnswerCounts.NONE.plus(extraction, problem.answer()),
                (before, one) -> before.plus(extraction, problem.answer()));
    }

    /** In the order of the tables; every column is there, also those that counted nothing. */
    public Map<ScienceQaColumn, AnswerCounts> columns() {
        return Collections.unmodifiableMap(columns);
    }

    /** Sorted by the name of the group. */
    public SortedMap<String, AnswerCounts> groups() {
        return Collections.unmodifiableSortedMap(groups);
    }

    /** All answers. */
    public AnswerCounts overall() {
        return columns.get(ScienceQaColumn.AVG);
    }
}
