package org.llava4j.eval.llavabench;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import org.llava4j.data.AtomicFile;

/**
 * All reviews as JSON lines, with the keys that LLaVA's review files have: {@code question_id}, {@code category}, {@code
 * content} and {@code tuple}, the scores of reference and candidate. A review without scores has no {@code tuple} but a
 * {@code problem}.
 */
final class ReviewFile {
    private ReviewFile() {}

    static void write(Path file, List<JudgedReview> judged) {
        StringBuilder lines = new StringBuilder();
        judged.forEach(pair -> lines.append(line(pair)).append('\n'));
        AtomicFile.writeString(file, lines.toString());
    }

    private static ObjectNode line(JudgedReview judged) {
        ObjectNode line = JsonNodeFactory.instance.objectNode();
        line.set("question_id", judged.request().question().id().json());
        line.put("category", judged.request().question().category())
                .put("repeat", judged.repeat())
                .put("swapped", judged.request().swapped())
                .put("content", judged.text());
        judged.scores()
                .ifPresentOrElse(
                        scores -> line.putArray("tuple").add(scores.first()).add(scores.second()),
                        () -> line.put("problem", judged.review().problem()));
        return line;
    }
}
