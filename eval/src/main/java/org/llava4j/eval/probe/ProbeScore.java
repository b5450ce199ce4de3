package org.llava4j.eval.probe;

import java.util.Locale;
import java.util.Optional;
import org.llava4j.data.scienceqa.AnswerCounts;

/**
 * Scores of the probe. A model that says yes to both questions of a pair gets the question about the present
 * combination correct, but not the pair.
 *
 * @param present answers to questions about present combinations
 * @param absent answers to questions about absent combinations
 * @param pairs pairs with both answers correct; unparsed if either answer is
 */
record ProbeScore(AnswerCounts present, AnswerCounts absent, AnswerCounts pairs) {
    static final ProbeScore ZERO = new ProbeScore(AnswerCounts.NONE, AnswerCounts.NONE, AnswerCounts.NONE);

    /** Parses yes or no from the first word; empty if it is neither. */
    static Optional<Boolean> parse(String text) {
        String first = text.strip().toLowerCase(Locale.ROOT).split("[^a-z]", 2)[0];
        return switch (first) {
            case "yes" -> Optional.of(true);
            case "no" -> Optional.of(false);
            default -> Optional.empty();
        };
    }

    ProbeScore plus(String presentAnswer, String absentAnswer) {
        Optional<Boolean> presentCorrect = parse(presentAnswer).map(yes -> yes);
        Optional<Boolean> absentCorrect = parse(absentAnswer).map(yes -> !yes);
        Optional<Boolean> both = presentCorrect.isEmpty() || absentCorrect.isEmpty()
                ? Optional.empty()
                : Optional.of(presentCorrect.get() && absentCorrect.get());
        return new ProbeScore(plus(present, presentCorrect), plus(absent, absentCorrect), plus(pairs, both));
    }

    private static AnswerCounts plus(AnswerCounts counts, Optional<Boolean> correct) {
        if (correct.isEmpty()) {
            return new AnswerCounts(counts.correct(), counts.incorrect(), counts.unparsed() + 1);
        }
        return correct.get()
                ? new AnswerCounts(counts.correct() + 1, counts.incorrect(), counts.unparsed())
                : new AnswerCounts(counts.correct(), counts.incorrect() + 1, counts.unparsed());
    }
}
