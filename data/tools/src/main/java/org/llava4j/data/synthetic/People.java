package org.llava4j.data.synthetic;

import java.util.List;

/** Names of people and of their belongings, for text-only problems. */
final class People {
    static final List<String> NAMES = List.of("Ann", "Ben", "Kim", "Leo", "Mia", "Tom");
    static final List<String> THINGS = List.of("pens", "cups", "keys", "nuts", "coins", "books");

    private People() {}

    /** Returns one sentence per person: the i-th of {@code who} has the i-th of {@code what}. */
    static String passage(List<Integer> who, List<Integer> what) {
        StringBuilder passage = new StringBuilder();
        for (int i = 0; i < who.size(); i++) {
            passage.append(i == 0 ? "" : " ")
                    .append(NAMES.get(who.get(i)))
                    .append(" has ")
                    .append(THINGS.get(what.get(i)))
                    .append('.');
        }
        return passage.toString();
    }
}
