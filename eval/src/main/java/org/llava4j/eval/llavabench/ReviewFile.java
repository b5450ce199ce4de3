package org.llava4j.eval.llavabench;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import org.llava4j.data.AtomicFile;

/**
 * Writer of reviews as JSON lines with the keys of LLaVA's review files: {@code question_id}, {@code category}, {@code
 * content} and {@code tuple} (the scores of reference and candidate). An unparsed review has {@code problem} in place
 * of {@code tuple}.
 */
final class ReviewFile {
    private ReviewFile() {}

    static void write(Path file, List<JudgedReview> reviews) {
        StringBuilder lines = new StringBuilder();
        reviews.forEach(review -> lines.append(line(review)).append('\n'));
        AtomicFile.writeString(file, lines.toString());
    }

    private static ObjectNode line(JudgedReview review) {
        ObjectNode line = JsonNodeFactory.instance.objectNode();
        line.set("question_id", review.request().question().id().json());
        line.put("category", review.request().question().category())
                .put("repeat", review.repeat())
                .put("swapped", review.request().swapped())
                .put("content", review.text());
        ReviewScores scores = review.scores();
        if (scores == null) {
            line.put("problem", review.review().problem());
        } else {
            line.putArray("tuple").add(scores.first()).add(scores.second());
        }
        return line;
    }
}
