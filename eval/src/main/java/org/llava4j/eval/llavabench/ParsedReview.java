package org.llava4j.eval.llavabench;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.llm.LlmAnswer;
import org.llava4j.data.llm.RequestJournal;

/**
 * Result of parsing one review. As in LLaVA's evaluation script, the first line must hold the two scores and nothing
 * else, separated by a comma or whitespace.
 *
 * @param scores null if the review is unparsed
 * @param problem reason why it is unparsed, else empty
 */
record ParsedReview(@Nullable ReviewScores scores, String problem) {
    private static final Pattern SPACE = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern LEADING_SPACE = Pattern.compile("^\\s+", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern NUMBER = Pattern.compile("\\d+(\\.\\d*)?|\\.\\d+");
    private static final double MIN_SCORE = 1;
    private static final double MAX_SCORE = 10;
    private static final int MAX_QUOTED_CHARS = 80;

    /** Parses the review of a request from the journal. */
    static ParsedReview of(Judge.ReviewRequest request, RequestJournal journal) {
        String key = request.request().key();
        LlmAnswer answer = journal.answer(key);
        if (answer != null) {
            return of(answer);
        }
        String reason = journal.rejectionReason(key);
        return unparsed(reason == null ? "the request has no answer" : "the endpoint rejected the request: " + reason);
    }

    static ParsedReview of(LlmAnswer answer) {
        String text = LEADING_SPACE.matcher(answer.text()).replaceFirst("");
        int end = text.indexOf('\n');
        if (!answer.complete() && end < 0) {
            return unparsed("the review is truncated in its first line (finish reason " + answer.finish() + ")");
        }
        return ofLine(end < 0 ? text : text.substring(0, end));
    }

    private static ParsedReview ofLine(String line) {
        String separated = SPACE.matcher(line.replace(',', ' ')).replaceAll(" ").strip();
        if (separated.isEmpty()) {
            return unparsed("the review is empty");
        }
        String[] scores = separated.split(" ");
        if (scores.length != 2
                || !NUMBER.matcher(scores[0]).matches()
                || !NUMBER.matcher(scores[1]).matches()) {
            String quoted = separated.length() <= MAX_QUOTED_CHARS
                    ? separated
                    : separated.substring(0, MAX_QUOTED_CHARS) + "...";
            return unparsed("the first line is not two numbers: \"" + quoted + "\"");
        }
        return of(Double.parseDouble(scores[0]), Double.parseDouble(scores[1]), scores[0] + " and " + scores[1]);
    }

    /**
     * Checks the range of two scores.
     *
     * @param quoted the scores as the review has them, for the message
     */
    static ParsedReview of(double first, double second, String quoted) {
        return Math.min(first, second) >= MIN_SCORE && Math.max(first, second) <= MAX_SCORE
                ? new ParsedReview(new ReviewScores(first, second), "")
                : unparsed("the scores " + quoted + " are not within 1 to 10");
    }

    private static ParsedReview unparsed(String problem) {
        return new ParsedReview(null, problem);
    }
}
