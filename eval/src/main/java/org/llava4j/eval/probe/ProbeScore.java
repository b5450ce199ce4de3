package org.llava4j.eval.probe;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
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

    /** Parses yes or no from the first word; null if it is neither. */
    private static @Nullable Boolean parse(String text) {
        String first = text.strip().toLowerCase(Locale.ROOT).split("[^a-z]", 2)[0];
        return switch (first) {
            case "yes" -> true;
            case "no" -> false;
            default -> null;
        };
    }

    ProbeScore plus(String presentAnswer, String absentAnswer) {
        Boolean presentCorrect = parse(presentAnswer);
        Boolean yesToAbsent = parse(absentAnswer);
        Boolean absentCorrect = yesToAbsent == null ? null : Boolean.valueOf(!yesToAbsent);
        Boolean both = presentCorrect == null || absentCorrect == null
                ? null
                : Boolean.valueOf(presentCorrect && absentCorrect);
        return new ProbeScore(plus(present, presentCorrect), plus(absent, absentCorrect), plus(pairs, both));
    }

    private static AnswerCounts plus(AnswerCounts counts, @Nullable Boolean correct) {
        if (correct == null) {
            return new AnswerCounts(counts.correct(), counts.incorrect(), counts.unparsed() + 1);
        }
        return correct
                ? new AnswerCounts(counts.correct() + 1, counts.incorrect(), counts.unparsed())
                : new AnswerCounts(counts.correct(), counts.incorrect() + 1, counts.unparsed());
    }
}
