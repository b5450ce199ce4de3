package org.llava4j.eval.llavabench;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a judge gave the two answers that it was shown.
 *
 * @param first of the answer that stood first, 1 to 10
 * @param second of the other
 */
record Review(double first, double second) {
    private static final Pattern SCORES = Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*[ ,/;]\\s*(\\d+(?:\\.\\d+)?)");
    private static final double LEAST = 1;
    private static final double MOST = 10;

    /** The two numbers that the first line of a review holds, and nothing beside them; empty where it does not. */
    static Optional<Review> read(String text) {
        String line = text.strip().lines().findFirst().orElse("").strip();
        Matcher scores = SCORES.matcher(line);
        if (!scores.matches()) {
            return Optional.empty();
        }
        double first = Double.parseDouble(scores.group(1));
        double second = Double.parseDouble(scores.group(2));
        boolean inRange = Math.min(first, second) >= LEAST && Math.max(first, second) <= MOST;
        return inRange ? Optional.of(new Review(first, second)) : Optional.empty();
    }

    /** The same with the two the other way round. */
    Review swapped() {
        return new Review(second, first);
    }
}
