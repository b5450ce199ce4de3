package org.llava4j.eval.predictions;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.OutputFolder;
import org.llava4j.data.TextFiles;
import org.llava4j.data.scienceqa.ScienceQaPrompt;

/**
 * Predictions of one model for ScienceQA problems. The layout of a file is recognized by its content:
 *
 * <ul>
 *   <li>an answer file, JSON lines with {@code question_id} and {@code text}, see {@link PredictionFile};
 *   <li>a result file of LLaVA or of the ScienceQA repository, one JSON object with {@code results} (index of the
 *       predicted choice by problem), {@code outputs} (generated text by problem), or both. Other keys are ignored.
 * </ul>
 *
 * @param results predicted choice index by problem id, {@link ScienceQaResult#UNPARSED} for none; empty in an answer
 *     file. Published scripts guess the choice of an unparsed text at random, so the two may differ
 * @param outputs generated text by problem id; empty in a result file without texts
 */
public record ScienceQaPredictions(Map<String, Integer> results, Map<String, String> outputs) {
    private static final String PREDICTIONS = "predictions.jsonl";
    private static final String RESULTS = "results";
    private static final String OUTPUTS = "outputs";
    private static final JsonMapper MAPPER = new JsonMapper();

    public ScienceQaPredictions {
        results = Collections.unmodifiableMap(new LinkedHashMap<>(results));
        outputs = Collections.unmodifiableMap(new LinkedHashMap<>(outputs));
    }

    /**
     * Reads predictions.
     *
     * @param source a file, or the output folder of an evaluation
     * @throws BadInputException if the source is missing, malformed or empty, or names a problem in only one of {@code
     *     results} and {@code outputs}
     */
    public static ScienceQaPredictions read(Path source) {
        Path file = file(source);
        ScienceQaPredictions predictions = isResultFile(file)
                ? readResultFile(file)
                : new ScienceQaPredictions(Map.of(), PredictionFile.readTexts(file));
        if (predictions.results.isEmpty() && predictions.outputs.isEmpty()) {
            throw new BadInputException(file + " holds no predictions; give the file of a run that answered the split");
        }
        return predictions;
    }

    /**
     * The file of predictions in a source: the source itself, or {@code predictions.jsonl} in a folder.
     *
     * @throws BadInputException if the files of the folder may be of two runs
     */
    public static Path file(Path source) {
        if (!Files.isDirectory(source)) {
            return source;
        }
        OutputFolder.requireComplete(source);
        return source.resolve(PREDICTIONS);
    }

    /**
     * Generated texts by problem id. For a file without texts, the predicted choices as texts: "The answer is B.", empty
     * for no choice.
     */
    public Map<String, String> texts() {
        if (!outputs.isEmpty()) {
            return outputs;
        }
        Map<String, String> texts = new LinkedHashMap<>();
        results.forEach((id, choice) -> texts.put(
                id, choice == ScienceQaResult.UNPARSED ? "" : "The answer is " + ScienceQaPrompt.letter(choice) + "."));
        return texts;
    }

    /** Tests whether a file is a result file, by the keys of its first JSON value up to the first syntax error. */
    private static boolean isResultFile(Path file) {
        try (JsonParser parser = MAPPER.createParser(TextFiles.read(file))) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return false;
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                if (Set.of(RESULTS, OUTPUTS).contains(parser.currentName())) {
                    return true;
                }
                parser.nextToken();
                parser.skipChildren();
            }
            return false;
        } catch (IOException e) {
            return false; // reported by the reader of answer files
        }
    }

    private static ScienceQaPredictions readResultFile(Path file) {
        JsonNode root = JsonInput.parse(file.toString(), TextFiles.read(file).getBytes(StandardCharsets.UTF_8));
        Map<String, Integer> results = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : members(root, RESULTS, file).properties()) {
            results.put(entry.getKey(), choice(entry.getValue(), entry.getKey(), file));
        }
        Map<String, String> outputs = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : members(root, OUTPUTS, file).properties()) {
            if (!entry.getValue().isTextual()) {
                throw new BadInputException(file + ": \"outputs\" of problem " + entry.getKey() + " must be a text");
            }
            outputs.put(entry.getKey(), entry.getValue().textValue());
        }
        if (!results.isEmpty() && !outputs.isEmpty()) {
            requireKeys(results.keySet(), RESULTS, outputs.keySet(), OUTPUTS, file);
            requireKeys(outputs.keySet(), OUTPUTS, results.keySet(), RESULTS, file);
        }
        return new ScienceQaPredictions(results, outputs);
    }

    private static JsonNode members(JsonNode root, String key, Path file) {
        JsonNode node = root.path(key);
        if (!node.isMissingNode() && !node.isObject()) {
            throw new BadInputException(
                    file + ": \"" + key + "\" must be an object by problem id; is it a ScienceQA result file?");
        }
        return node;
    }

    private static int choice(JsonNode node, String id, Path file) {
        int lastLetter = 'Z' - 'A';
        if (!node.isInt() || node.intValue() < ScienceQaResult.UNPARSED || node.intValue() > lastLetter) {
            throw new BadInputException(
                    file + ": \"results\" of problem " + id + " must be the index of a choice from 0, or -1 for none");
        }
        return node.intValue();
    }

    private static void requireKeys(Set<String> ids, String key, Set<String> others, String otherKey, Path file) {
        for (String id : ids) {
            if (!others.contains(id)) {
                throw new BadInputException(file + ": problem " + id + " is in \"" + key + "\" but not in \"" + otherKey
                        + "\"; write the file again");
            }
        }
    }
}
