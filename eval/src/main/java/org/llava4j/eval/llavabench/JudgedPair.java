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
record JudgedPair(int repeat, Judge.Pair pair, String text, ParsedReview review) {

    /** All pairs of one repeat, in order. */
    static List<JudgedPair> of(int repeat, List<Judge.Pair> pairs, RequestJournal journal) {
        List<JudgedPair> judged = new ArrayList<>();
        for (Judge.Pair pair : pairs) {
            String text = journal.answer(pair.call().key()).map(LlmAnswer::text).orElse("");
            judged.add(new JudgedPair(repeat, pair, text, ParsedReview.of(pair, journal)));
        }
        return judged;
    }

    /** The scores, that of the reference first whatever the order shown. */
    Optional<Review> scores() {
        return review.scores().map(scores -> pair.swapped() ? scores.swapped() : scores);
    }

    /** Which review this is, in messages. */
    String name() {
        return "question " + pair.question().id() + (pair.swapped() ? ", swapped" : "") + ", repeat " + repeat;
    }
}
