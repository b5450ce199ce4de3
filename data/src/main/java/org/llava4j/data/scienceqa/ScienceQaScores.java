package org.llava4j.data.scienceqa;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/** Accuracy counts by ScienceQA column and by one other grouping of the problems. */
public final class ScienceQaScores {
    private final Map<ScienceQaColumn, AnswerCounts> columns = new EnumMap<>(ScienceQaColumn.class);
    private final SortedMap<String, AnswerCounts> groups = new TreeMap<>();
    private final Function<ScienceQaProblem, String> groupOf;

    /**
     * Creates empty counts.
     *
     * @param groupOf second grouping, such as {@link ScienceQaProblem#skill}
     */
    public ScienceQaScores(Function<ScienceQaProblem, String> groupOf) {
        this.groupOf = groupOf;
        for (ScienceQaColumn column : ScienceQaColumn.values()) {
            columns.put(column, AnswerCounts.NONE);
        }
    }

    /** Counts one answer. */
    public void add(ScienceQaProblem problem, ParsedAnswer parsed) {
        columns.replaceAll(
                (column, counts) -> column.includes(problem) ? counts.plus(parsed, problem.answer()) : counts);
        groups.merge(
                groupOf.apply(problem),
                AnswerCounts.NONE.plus(parsed, problem.answer()),
                (before, one) -> before.plus(parsed, problem.answer()));
    }

    /** Returns the counts of all columns in table order, including columns without answers. */
    public Map<ScienceQaColumn, AnswerCounts> columns() {
        return Collections.unmodifiableMap(columns);
    }

    /** Returns the counts of all groups, sorted by name. */
    public SortedMap<String, AnswerCounts> groups() {
        return Collections.unmodifiableSortedMap(groups);
    }

    /** Returns the counts of all answers. */
    public AnswerCounts overall() {
        return columns.getOrDefault(ScienceQaColumn.AVG, AnswerCounts.NONE);
    }
}
