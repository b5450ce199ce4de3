package org.llava4j.eval.probe;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;

/**
 * Two yes-no questions about one image.
 *
 * @param id id of the pair
 * @param image image path relative to the image folder
 * @param present question about an attribute combination that is in the image: the answer is yes
 * @param absent question about a combination whose parts are in the image, but not together: the answer is no
 */
record ProbePair(String id, String image, String present, String absent) {

    /**
     * Reads pairs from JSON lines. Accepts the former keys {@code together} and {@code apart} as well.
     *
     * @throws BadInputException if a line is not a pair, or the file has none
     */
    static List<ProbePair> read(Path file) {
        List<ProbePair> pairs = new ArrayList<>();
        JsonInput.lines(
                file,
                (where, node) -> pairs.add(new ProbePair(
                        text(node, "id", where),
                        text(node, "image", where),
                        text(node, "present", "together", where),
                        text(node, "absent", "apart", where))));
        if (pairs.isEmpty()) {
            throw new BadInputException(
                    file + " has no pairs; write lines {\"id\", \"image\", \"present\", \"absent\"}");
        }
        return pairs;
    }

    private static String text(JsonNode node, String key, String formerKey, String where) {
        return text(node, node.has(key) || !node.has(formerKey) ? key : formerKey, where);
    }

    private static String text(JsonNode node, String key, String where) {
        if (!node.path(key).isTextual()) {
            throw new BadInputException(where + ": \"" + key + "\" must be a string");
        }
        return node.get(key).textValue();
    }
}
