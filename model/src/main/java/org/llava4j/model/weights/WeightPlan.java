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
     * @param place file or folder
     * @param name in that place
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Stored(String place, String name, long... shape) {

        String where() {
            return place + ":" + name;
        }

        @Override
        public String toString() {
            return name + " " + Arrays.toString(shape) + " in " + place;
        }
    }

    /** Which variables may do without a stored tensor, and which stored ones may stay unread, each by variable. */
    public record Allowance(Predicate<String> fresh, Predicate<String> unread) {
        public static final Allowance NONE = new Allowance(variable -> false, variable -> false);
    }

    /**
     * Matches what a model asks for with what there is.
     *
     * @param variables name and shape of each
     * @param places what each place holds, by variable; of a variable in several the first counts
     */
    public static WeightPlan of(Map<String, long[]> variables, List<Map<String, Stored>> places, Allowance allowance) {
        SortedMap<String, String> sources = new TreeMap<>();
        SortedMap<String, String> skipped = new TreeMap<>();
        List<String> problems = new ArrayList<>();
        Set<Stored> read = new LinkedHashSet<>();
        boolean tied = TiedHead.isIn(variables);
        variables.forEach((variable, shape) -> {
            Stored stored = source(places, variable, tied);
            if (stored != null) {
                read.add(stored);
                sources.put(variable, stored.where());
                if (!Arrays.equals(stored.shape(), shape)) {
                    problems.add(stored.name() + " is " + Arrays.toString(stored.shape()) + " in " + stored.place()
                            + " but the config asks for " + Arrays.toString(shape));
                }
            } else if (allowance.fresh().test(variable)) {
                sources.put(variable, FRESH);
            } else {
                problems.add(variable + " " + Arrays.toString(shape) + " is missing");
            }
        });
        for (Map<String, Stored> place : places) {
            place.forEach((variable, stored) -> {
                if (read.contains(stored)) {
                    return;
                }
                boolean tiedHead = tied && variable.equals(TiedHead.NAME);
                String reason = tiedHead ? TIED : reason(variable, stored, sources, allowance);
                if (reason == null) {
                    problems.add(stored + " is used by nothing");
                } else {
                    skipped.put(stored.where(), reason);
                }
            });
        }
        return new WeightPlan(sources, skipped, List.copyOf(problems));
    }

    /** Of a tied head and its table, a file may hold either. */
    private static Stored source(List<Map<String, Stored>> places, String variable, boolean tied) {
        Stored stored = first(places, variable);
        return stored == null && tied && variable.equals(TiedHead.TABLE) ? first(places, TiedHead.NAME) : stored;
    }

    private static Stored first(List<Map<String, Stored>> places, String variable) {
        return places.stream()
                .map(place -> place.get(variable))
                .filter(stored -> stored != null)
                .findFirst()
                .orElse(null);
    }

    private static String reason(String variable, Stored stored, Map<String, String> sources, Allowance allowance) {
        String reason = Layout.reasonToSkip(stored.name());
        if (reason != null) {
            return reason;
        }
        String instead = sources.get(variable);
        if (instead != null) {
            return "read from " + instead + " instead";
        }
        return allowance.unread().test(variable) ? "not part of this graph" : null;
    }
}
