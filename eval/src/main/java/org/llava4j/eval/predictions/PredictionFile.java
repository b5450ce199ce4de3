package org.llava4j.eval.predictions;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonErrorMessage;
import org.llava4j.data.JsonInput;
import org.llava4j.data.TextFiles;

/** Answer files: JSON lines with one answer per line, in LLaVA's format. */
public final class PredictionFile {
    /** Ignores unknown keys, which other tools add. */
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private PredictionFile() {}

    /**
     * Reads the generated texts by question id, in file order.
     *
     * @throws BadInputException as {@link #read}
     */
    public static Map<String, String> readTexts(Path file) {
        Map<String, String> texts = new LinkedHashMap<>();
        read(file).forEach((id, prediction) -> texts.put(id, prediction.text()));
        return texts;
    }

    /** Writes all answers atomically. */
    public static void write(Path file, List<Prediction> predictions) {
        StringBuilder lines = new StringBuilder();
        try {
            for (Prediction prediction : predictions) {
                lines.append(MAPPER.writeValueAsString(prediction)).append('\n');
            }
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("cannot write metadata as JSON: " + JsonErrorMessage.of(e), e);
        }
        AtomicFile.writeString(file, lines.toString());
    }

    /**
     * Reads all answers by question id, in file order. Skips empty lines.
     *
     * @throws BadInputException if the file cannot be read, a line is not an answer, or a question has two answers
     */
    public static Map<String, Prediction> read(Path file) {
        Map<String, Prediction> predictions = new LinkedHashMap<>();
        int number = 0;
        try {
            for (String line : TextFiles.lines(file)) {
                number++;
                if (line.isBlank()) {
                    continue;
                }
                Prediction prediction =
                        JsonInput.requireValue(file + ", line " + number, MAPPER.readValue(line, Prediction.class));
                if (predictions.putIfAbsent(prediction.questionId().text(), prediction) != null) {
                    throw new BadInputException(file + ", line " + number + ": question " + prediction.questionId()
                            + " has a second answer; keep one of the two");
                }
            }
        } catch (JsonProcessingException e) {
            throw JsonInput.parseError(file.toString(), number - 1, e);
        }
        return Collections.unmodifiableMap(predictions);
    }
}
