package org.llava4j.eval.predictions;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;

/**
 * Result file of LLaVA's ScienceQA evaluation.
 *
 * @param correct number of correct answers
 * @param results predicted choice index by problem id, {@link #UNPARSED} for an unparsed answer
 * @param outputs generated text by problem id
 */
public record ScienceQaResult(int correct, Map<String, Integer> results, Map<String, String> outputs) {
    /** Index of an unparsed answer in {@code results}. */
    public static final int UNPARSED = -1;

    private static final JsonMapper MAPPER = new JsonMapper();

    public ScienceQaResult {
        results = Collections.unmodifiableMap(new LinkedHashMap<>(results));
        outputs = Collections.unmodifiableMap(new LinkedHashMap<>(outputs));
        if (!results.keySet().equals(outputs.keySet())) {
            throw new BadInputException("\"results\" and \"outputs\" have different problems");
        }
        if (correct < 0 || correct > results.size()) {
            throw new BadInputException("\"correct\" is " + correct + " of " + results.size() + " problems");
        }
    }

    /** Accuracy in percent, as in the file; NaN without problems. */
    public double accuracyPercent() {
        return 100.0 * correct / results.size();
    }

    /** Writes the file atomically. */
    public void write(Path file) {
        ObjectNode root = MAPPER.createObjectNode();
        if (results.isEmpty()) {
            root.putNull("acc");
        } else {
            root.put("acc", accuracyPercent());
        }
        root.put("correct", correct).put("count", results.size());
        ObjectNode indices = root.putObject("results");
        results.forEach(indices::put);
        ObjectNode texts = root.putObject("outputs");
        outputs.forEach(texts::put);
        try {
            String json = MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root);
            AtomicFile.writeString(file, json + "\n");
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot serialize the result", e);
        }
    }

    /**
     * Reads a result file of this library or of the reference implementation.
     *
     * @throws BadInputException if it is missing, malformed or inconsistent
     */
    public static ScienceQaResult read(Path file) {
        JsonNode root = JsonInput.readObject(file);
        Map<String, Integer> results = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : object(root, "results", file).properties()) {
            results.put(entry.getKey(), integer(entry.getValue(), "results." + entry.getKey(), UNPARSED, file));
        }
        Map<String, String> outputs = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : object(root, "outputs", file).properties()) {
            outputs.put(entry.getKey(), entry.getValue().asText());
        }
        int correct = integer(root.path("correct"), "correct", 0, file);
        if (integer(root.path("count"), "count", 0, file) != results.size()) {
            throw new BadInputException(file + ": \"count\" is " + root.path("count") + " but there are "
                    + results.size() + " results; write the file again");
        }
        try {
            return new ScienceQaResult(correct, results, outputs);
        } catch (BadInputException e) {
            throw new BadInputException(file + ": " + e.getMessage() + "; write the file again", e);
        }
    }

    private static JsonNode object(JsonNode root, String key, Path file) {
        JsonNode node = root.path(key);
        if (!node.isObject()) {
            throw new BadInputException(file + ": needs an object \"" + key + "\"; is it a ScienceQA result file?");
        }
        return node;
    }

    private static int integer(JsonNode node, String key, int min, Path file) {
        if (!node.isInt() || node.intValue() < min) {
            throw new BadInputException(file + ": \"" + key + "\" must be an integer of at least " + min);
        }
        return node.intValue();
    }
}
