package org.llava4j.eval.probe;

import java.util.Locale;
import java.util.Optional;
import org.llava4j.data.scienceqa.AnswerCounts;

/**
 * How pairs were answered. Whoever says yes to everything that he has seen a part of gets the questions about what is there
 * right and no pair.
 *
 * @param present what is there, asked
 * @param absent what is there in parts only, asked
 * @param pairs right in both; not read where one of the two was not
 */
record ProbeScore(AnswerCounts present, AnswerCounts absent, AnswerCounts pairs) {
    static final ProbeScore ZERO = new ProbeScore(AnswerCounts.NONE, AnswerCounts.NONE, AnswerCounts.NONE);

    /** Yes or no, by the first word; empty where it is neither. */
    static Optional<Boolean> parse(String text) {
        String first = text.strip().toLowerCase(Locale.ROOT).split("[^a-z]", 2)[0];
        return switch (first) {
            case "yes" -> Optional.of(true);
            case "no" -> Optional.of(false);
            default -> Optional.empty();
        };
    }

    ProbeScore plus(String toTogether, String toApart) {
        Optional<Boolean> one = parse(toTogether).map(said -> said);
        Optional<Boolean> other = parse(toApart).map(said -> !said);
        Optional<Boolean> both =
                one.isEmpty() || other.isEmpty() ? Optional.empty() : Optional.of(one.get() && other.get());
        return new ProbeScore(plus(present, one), plus(absent, other), plus(pairs, both));
    }

    private static AnswerCounts plus(AnswerCounts tally, Optional<Boolean> right) {
        if (right.isEmpty()) {
            return new AnswerCounts(tally.correct(), tally.incorrect(), tally.unparsed() + 1);
        }
        return right.get()
                ? new AnswerCounts(tally.correct() + 1, tally.incorrect(), tally.unparsed())
                : new AnswerCounts(tally.correct(), tally.incorrect() + 1, tally.unparsed());
    }
}
