package org.llava4j.data.llm;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Counts of the reasons of failed requests, summarized as one line. Not thread-safe. */
final class FailureSummary {
    private static final int MAX_SHOWN = 3;

    private final Map<String, Integer> counts = new LinkedHashMap<>();
    private String latest = "";

    /** Records the reason of a failed attempt. */
    void tried(String reason) {
        latest = reason;
    }

    /** Counts a request that is given up, by the reason of its last attempt. */
    void gaveUp(String reason) {
        counts.merge(reason, 1, Integer::sum);
    }

    /** Returns the reasons of the requests that were given up, the most frequent first. */
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

    /** Returns the reason of the last failed attempt as a clause; empty if every attempt succeeded. */
    String latest() {
        return latest.isEmpty() ? "" : " (the last failed attempt: " + latest + ")";
    }
}
