package org.llava4j.eval.llavabench;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.llm.LlmAnswer;
import org.llava4j.data.llm.RequestJournal;

/**
 * A judge request with its review.
 *
 * @param repeat number of the repeat, from 1
 * @param text text of the review, empty if there is none
 */
record JudgedReview(int repeat, Judge.ReviewRequest request, String text, ParsedReview review) {

    /** The reviews of one repeat, in request order. */
    static List<JudgedReview> of(int repeat, List<Judge.ReviewRequest> requests, RequestJournal journal) {
        List<JudgedReview> reviews = new ArrayList<>();
        for (Judge.ReviewRequest request : requests) {
            LlmAnswer answer = journal.answer(request.request().key());
            String text = answer == null ? "" : answer.text();
            reviews.add(new JudgedReview(repeat, request, text, ParsedReview.of(request, journal)));
        }
        return reviews;
    }

    /** The scores, the reference's first in either order of presentation; null if the review is unparsed. */
    @Nullable
    ReviewScores scores() {
        ReviewScores scores = review.scores();
        return scores != null && request.swapped() ? scores.swapped() : scores;
    }

    /** Name of the review in messages. */
    String name() {
        return "question " + request.question().id() + (request.swapped() ? ", swapped" : "") + ", repeat " + repeat;
    }
}
