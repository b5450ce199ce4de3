package org.llava4j.eval.llavabench;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.llava4j.data.llm.LlmAnswer;
import org.llava4j.data.llm.RequestJournal;

/**
 * One pair of answers with its review.
 *
 * @param repeat of the whole judgement, from 1
 * @param text of the review, empty if there is none
 */
record JudgedReview(int repeat, Judge.ReviewRequest request, String text, ParsedReview review) {

    /** All pairs of one repeat, in order. */
    static List<JudgedReview> of(int repeat, List<Judge.ReviewRequest> pairs, RequestJournal journal) {
        List<JudgedReview> judged = new ArrayList<>();
        for (Judge.ReviewRequest pair : pairs) {
            String text =
                    journal.answer(pair.request().key()).map(LlmAnswer::text).orElse("");
            judged.add(new JudgedReview(repeat, pair, text, ParsedReview.of(pair, journal)));
        }
        return judged;
    }

    /** The scores, that of the reference first whatever the order shown. */
    Optional<ReviewScores> scores() {
        return review.scores().map(scores -> request.swapped() ? scores.swapped() : scores);
    }

    /** Which review this is, in messages. */
    String name() {
        return "question " + request.question().id() + (request.swapped() ? ", swapped" : "") + ", repeat " + repeat;
    }
}
