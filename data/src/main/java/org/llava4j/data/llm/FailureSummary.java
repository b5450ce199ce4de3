package org.llava4j.data.llm;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Reasons of failed calls, counted for one line of text. Not thread-safe. */
final class FailureSummary {
    private static final int MAX_SHOWN = 3;

    private final Map<String, Integer> counts = new LinkedHashMap<>();
    private String latest = "";

    /** Remembers the reason of a failed try. */
    void tried(String reason) {
        latest = reason;
    }

    /** Counts a call that is given up, by the reason of its last try. */
    void gaveUp(String reason) {
        counts.merge(reason, 1, Integer::sum);
    }

    /** The reasons of the calls that were given up, the most frequent first. */
    String reasons() {
        List<Map.Entry<String, Integer>> all = counts.entrySet().stream()
                .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
                .toList();
        String shown = all.stream()
                .limit(MAX_SHOWN)
                .map(entry -> all.size() == 1 ? entry.getKey() : entry.getValue() + " with " + entry.getKey())
                .collect(Collectors.joining("; "));
        int more = all.size() - MAX_SHOWN;
        return more > 0 ? shown + "; and " + more + " other reasons (all are in the journal)" : shown;
    }

    /** The reason of the last failed try as a clause, empty if every try succeeded. */
    String latest() {
        return latest.isEmpty() ? "" : " (the last failed try: " + latest + ")";
    }
}
