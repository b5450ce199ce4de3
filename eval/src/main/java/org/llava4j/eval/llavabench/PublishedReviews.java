package org.llava4j.eval.llavabench;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonId;
import org.llava4j.data.JsonInput;

/**
 * Review file: JSON lines with {@code question_id}, {@code category} and {@code tuple}, the scores of the reference and
 * of the candidate. Reads LLaVA's published files, whose categories begin with {@code llava_bench_}, and those of
 * {@link ReviewFile}. A review without {@code tuple}, or with a score outside 1 to 10 (the published script writes -1),
 * is unparsed.
 */
final class PublishedReviews {
    private static final String PUBLISHED_PREFIX = "llava_bench_";

    private PublishedReviews() {}

    /**
     * One review.
     *
     * @param name name in messages and tables
     * @param scores the reference's score first; null if the review is unparsed
     * @param problem reason why it is unparsed, else empty
     */
    record Review(String name, String category, @Nullable ReviewScores scores, String problem) {}

    /**
     * Reads the reviews of a file.
     *
     * @return reviews of each repeat, in file order
     * @throws BadInputException if the file is malformed or empty, or a question has two reviews in one repeat
     */
    static List<List<Review>> read(Path file) {
        Map<Integer, List<Review>> repeats = new TreeMap<>();
        Set<String> names = new HashSet<>();
        JsonInput.lines(file, (where, node) -> {
            int repeat = node.path("repeat").asInt(1);
            Review review = review(node, where, repeat);
            if (!names.add(review.name())) {
                throw new BadInputException(where + ": " + review.name() + " has a second review; keep one of the two");
            }
            repeats.computeIfAbsent(repeat, first -> new ArrayList<>()).add(review);
        });
        if (repeats.isEmpty()) {
            throw new BadInputException(file + " holds no reviews; give a review file");
        }
        return List.copyOf(repeats.values());
    }

    private static Review review(JsonNode node, String where, int repeat) {
        JsonNode id = node.path("question_id");
        JsonNode category = node.path("category");
        if (!id.isTextual() && !id.isIntegralNumber()) {
            throw new BadInputException(where + ": \"question_id\" must be a string or an integer");
        }
        if (!category.isTextual() || category.textValue().isBlank()) {
            throw new BadInputException(where + ": \"category\" must be a text, such as \"llava_bench_conv\"");
        }
        String name = "question " + JsonId.of(id)
                + (node.path("swapped").asBoolean() ? ", swapped" : "")
                + (repeat == 1 ? "" : ", repeat " + repeat);
        String kind = category.textValue().startsWith(PUBLISHED_PREFIX)
                ? category.textValue().substring(PUBLISHED_PREFIX.length())
                : category.textValue();
        JsonNode tuple = node.path("tuple");
        if (tuple.isMissingNode() && node.path("problem").isTextual()) {
            return new Review(name, kind, null, node.path("problem").textValue());
        }
        if (!tuple.isArray()
                || tuple.size() != 2
                || !tuple.get(0).isNumber()
                || !tuple.get(1).isNumber()) {
            throw new BadInputException(
                    where + ": \"tuple\" must be two numbers, the scores of reference and candidate");
        }
        ParsedReview parsed = ParsedReview.of(
                tuple.get(0).doubleValue(), tuple.get(1).doubleValue(), tuple.get(0) + " and " + tuple.get(1));
        return new Review(name, kind, parsed.scores(), parsed.problem());
    }
}
