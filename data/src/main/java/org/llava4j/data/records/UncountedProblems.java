package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.llava4j.data.BadInputException;
import org.llava4j.data.config.ConfigWarnings;
import org.llava4j.data.scienceqa.ScienceQaColumn;

/**
 * Warning about ScienceQA problems whose subject or grade is in no column of the tables ("Natural Science", "Grade 3").
 * They are used in training and evaluation, but counted in the average only.
 */
final class UncountedProblems {
    private static final int MAX_SHOWN = 5;

    private final Map<String, Integer> subjects = new TreeMap<>();
    private final Map<String, Integer> grades = new TreeMap<>();

    private UncountedProblems() {}

    /**
     * Reports the problems of a split.
     *
     * @param entries entries of the split
     */
    static void report(EntryIndex problems, int[] entries, String split) {
        UncountedProblems uncounted = new UncountedProblems();
        for (int entry : entries) {
            JsonNode problem;
            try {
                problem = problems.get(entry);
            } catch (BadInputException e) {
                continue; // refused when the problem is read
            }
            count(problem.path("subject"), ScienceQaColumn::hasSubject, uncounted.subjects);
            count(problem.path("grade"), ScienceQaColumn::hasGrade, uncounted.grades);
        }
        List<String> parts = new ArrayList<>();
        describe("subject", "\"natural science\"", uncounted.subjects, parts);
        describe("grade", "\"grade1\" to \"grade12\"", uncounted.grades, parts);
        if (!parts.isEmpty()) {
            ConfigWarnings.report(problems.file(), "split \"" + split + "\": " + String.join("; ", parts));
        }
    }

    private static void count(JsonNode value, Predicate<String> known, Map<String, Integer> unknown) {
        if (value.isTextual() && !known.test(value.textValue())) {
            unknown.merge(value.textValue().replaceAll("\\p{Cntrl}+", " "), 1, Integer::sum);
        }
    }

    private static void describe(String what, String example, Map<String, Integer> unknown, List<String> parts) {
        if (unknown.isEmpty()) {
            return;
        }
        int all = unknown.values().stream().mapToInt(Integer::intValue).sum();
        String values = unknown.entrySet().stream()
                .limit(MAX_SHOWN)
                .map(value -> "\"" + value.getKey() + "\" (" + value.getValue() + ")")
                .collect(Collectors.joining(", "));
        parts.add(all + (all == 1 ? " problem has a " : " problems have a ") + what + " that no column includes: "
                + values
                + (unknown.size() > MAX_SHOWN ? " and " + (unknown.size() - MAX_SHOWN) + " more" : "")
                + "; columns include "
                + example);
    }
}
