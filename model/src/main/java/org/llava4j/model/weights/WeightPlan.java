package org.llava4j.model.weights;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Loading plan of a model: the source of each variable, and the stored tensors that are not read. It is computed from
 * names and shapes before any values are read.
 *
 * @param sources file and tensor of each variable, or {@value #FRESH}
 * @param skipped reason for each stored tensor that is not read, by file and tensor
 * @param problems variables without a tensor of their shape, and unused tensors; empty if all match
 */
public record WeightPlan(SortedMap<String, String> sources, SortedMap<String, String> skipped, List<String> problems) {
    /** Source of a newly initialized variable. */
    public static final String FRESH = "fresh";

    private static final String TIED = "tied to " + TiedHead.TABLE;

    /**
     * A tensor in a file or folder.
     *
     * @param path file or folder
     * @param name tensor name
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record StoredTensor(String path, String name, long... shape) {

        String location() {
            return path + ":" + name;
        }

        @Override
        public String toString() {
            return name + " " + Arrays.toString(shape) + " in " + path;
        }
    }

    /**
     * Exemptions from strict loading, by variable: those that may be initialized without a stored tensor, and those
     * whose stored tensor may stay unread.
     */
    record Exemptions(Predicate<String> mayInitialize, Predicate<String> mayStayUnread) {
        static final Exemptions NONE = new Exemptions(variable -> false, variable -> false);
    }

    /**
     * Matches a model's variables with stored tensors.
     *
     * @param variables names and shapes
     * @param checkpoints stored tensors of each file or folder, by variable; the first one that has a variable counts
     */
    static WeightPlan of(
            Map<String, long[]> variables, List<Map<String, StoredTensor>> checkpoints, Exemptions exemptions) {
        SortedMap<String, String> sources = new TreeMap<>();
        SortedMap<String, String> skipped = new TreeMap<>();
        List<String> problems = new ArrayList<>();
        Set<StoredTensor> read = new LinkedHashSet<>();
        boolean tied = TiedHead.isTied(variables);
        variables.forEach((variable, shape) -> {
            StoredTensor stored = source(checkpoints, variable, tied);
            if (stored != null) {
                read.add(stored);
                sources.put(variable, stored.location());
                if (!Arrays.equals(stored.shape(), shape)) {
                    problems.add(stored.name() + " is " + Arrays.toString(stored.shape()) + " in " + stored.path()
                            + " but the config asks for " + Arrays.toString(shape));
                }
            } else if (exemptions.mayInitialize().test(variable)) {
                sources.put(variable, FRESH);
            } else {
                problems.add(variable + " " + Arrays.toString(shape) + " is missing");
            }
        });
        for (Map<String, StoredTensor> checkpoint : checkpoints) {
            checkpoint.forEach((variable, stored) -> {
                if (read.contains(stored)) {
                    return;
                }
                boolean tiedHead = tied && variable.equals(TiedHead.NAME);
                String reason = tiedHead ? TIED : reason(variable, stored, sources, exemptions);
                if (reason == null) {
                    problems.add(stored + " is unused");
                } else {
                    skipped.put(stored.location(), reason);
                }
            });
        }
        return new WeightPlan(sources, skipped, List.copyOf(problems));
    }

    /** A file may store a tied head, its table, or both. */
    private static @Nullable StoredTensor source(
            List<Map<String, StoredTensor>> checkpoints, String variable, boolean tied) {
        StoredTensor stored = first(checkpoints, variable);
        return stored == null && tied && variable.equals(TiedHead.TABLE) ? first(checkpoints, TiedHead.NAME) : stored;
    }

    private static @Nullable StoredTensor first(List<Map<String, StoredTensor>> checkpoints, String variable) {
        for (Map<String, StoredTensor> checkpoint : checkpoints) {
            StoredTensor stored = checkpoint.get(variable);
            if (stored != null) {
                return stored;
            }
        }
        return null;
    }

    /** Why a stored tensor is not read; null if it is unused. */
    private static @Nullable String reason(
            String variable, StoredTensor stored, Map<String, String> sources, Exemptions exemptions) {
        String reason = CheckpointLayout.skipReason(stored.name());
        if (reason != null) {
            return reason;
        }
        String instead = sources.get(variable);
        if (instead != null) {
            return "read from " + instead + " instead";
        }
        return exemptions.mayStayUnread().test(variable) ? "not part of this graph" : null;
    }
}
