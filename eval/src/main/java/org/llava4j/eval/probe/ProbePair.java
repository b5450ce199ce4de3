package org.llava4j.eval.probe;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.TextFiles;

/**
 * Two questions about one picture, to be answered by yes or no.
 *
 * @param id names the pair
 * @param image path of the picture relative to the image folder
 * @param together a question about what is there: yes
 * @param apart a question about a thing whose parts are there, but not together: no
 */
public record ProbePair(String id, String image, String together, String apart) {

    /** Pairs as JSON lines. @throws BadInputException if a line is none */
    public static List<ProbePair> read(Path file) {
        List<ProbePair> pairs = new ArrayList<>();
        int number = 0;
        for (String line : TextFiles.lines(file)) {
            number++;
            if (line.isBlank()) {
                continue;
            }
            String where = file + ", line " + number;
            JsonNode node = JsonInput.parse(where, line.getBytes(StandardCharsets.UTF_8));
            pairs.add(new ProbePair(
                    text(node, "id", where),
                    text(node, "image", where),
                    text(node, "together", where),
                    text(node, "apart", where)));
        }
        if (pairs.isEmpty()) {
            throw new BadInputException(
                    file + " has no pairs; write {\"id\", \"image\", \"together\", \"apart\"} a line");
        }
        return pairs;
    }

    private static String text(JsonNode node, String key, String where) {
        if (!node.path(key).isTextual()) {
            throw new BadInputException(where + ": \"" + key + "\" must be a text");
        }
        return node.get(key).textValue();
    }
}
