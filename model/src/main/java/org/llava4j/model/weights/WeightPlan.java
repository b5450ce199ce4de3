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

/**
 * Where each variable of a model is read from, and why the other stored tensors are not: from names and shapes alone,
 * before a weight is touched.
 *
 * @param sources for each variable its file and tensor, or {@value #FRESH}
 * @param skipped for each stored tensor that is not read the reason, by place and tensor
 * @param problems variables without a tensor of their shape, tensors without a use; empty if all fits
 */
public record WeightPlan(SortedMap<String, String> sources, SortedMap<String, String> skipped, List<String> problems) {
    /** The source of a variable that begins with random numbers. */
    public static final String FRESH = "fresh";

    private static final String TIED = "tied to " + TiedHead.TABLE;

    /**
     * A tensor as it lies somewhere.
     *
     * @param path file or folder
     * @param name in that place
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record StoredTensor(String path, String name, long... shape) {

        String location() {
            return path + ":" + name;
        }

        @Override
        public String toString() {
            return name + " " + Arrays.toString(shape) + " in " + path;
        }
    }

    /** Which variables may do without a stored tensor, and which stored ones may stay unread, each by variable. */
    public record Exemptions(Predicate<String> mayInitialize, Predicate<String> mayStayUnread) {
        public static final Exemptions NONE = new Exemptions(variable -> false, variable -> false);
    }

    /**
     * Matches what a model asks for with what there is.
     *
     * @param variables name and shape of each
     * @param places what each place holds, by variable; of a variable in several the first counts
     */
    public static WeightPlan of(
            Map<String, long[]> variables, List<Map<String, StoredTensor>> places, Exemptions allowance) {
        SortedMap<String, String> sources = new TreeMap<>();
        SortedMap<String, String> skipped = new TreeMap<>();
        List<String> problems = new ArrayList<>();
        Set<StoredTensor> read = new LinkedHashSet<>();
        boolean tied = TiedHead.isTied(variables);
        variables.forEach((variable, shape) -> {
            StoredTensor stored = source(places, variable, tied);
            if (stored != null) {
                read.add(stored);
                sources.put(variable, stored.location());
                if (!Arrays.equals(stored.shape(), shape)) {
                    problems.add(stored.name() + " is " + Arrays.toString(stored.shape()) + " in " + stored.path()
                            + " but the config asks for " + Arrays.toString(shape));
                }
            } else if (allowance.mayInitialize().test(variable)) {
                sources.put(variable, FRESH);
            } else {
                problems.add(variable + " " + Arrays.toString(shape) + " is missing");
            }
        });
        for (Map<String, StoredTensor> place : places) {
            place.forEach((variable, stored) -> {
                if (read.contains(stored)) {
                    return;
                }
                boolean tiedHead = tied && variable.equals(TiedHead.NAME);
                String reason = tiedHead ? TIED : reason(variable, stored, sources, allowance);
                if (reason == null) {
                    problems.add(stored + " is used by nothing");
                } else {
                    skipped.put(stored.location(), reason);
                }
            });
        }
        return new WeightPlan(sources, skipped, List.copyOf(problems));
    }

    /** Of a tied head and its table, a file may hold either. */
    private static StoredTensor source(List<Map<String, StoredTensor>> places, String variable, boolean tied) {
        StoredTensor stored = first(places, variable);
        return stored == null && tied && variable.equals(TiedHead.TABLE) ? first(places, TiedHead.NAME) : stored;
    }

    private static StoredTensor first(List<Map<String, StoredTensor>> places, String variable) {
        return places.stream()
                .map(place -> place.get(variable))
                .filter(stored -> stored != null)
                .findFirst()
                .orElse(null);
    }

    private static String reason(
            String variable, StoredTensor stored, Map<String, String> sources, Exemptions allowance) {
        String reason = CheckpointLayout.skipReason(stored.name());
        if (reason != null) {
            return reason;
        }
        String instead = sources.get(variable);
        if (instead != null) {
            return "read from " + instead + " instead";
        }
        return allowance.mayStayUnread().test(variable) ? "not part of this graph" : null;
    }
}
