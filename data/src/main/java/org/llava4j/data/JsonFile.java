package org.llava4j.data;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Small JSON files that people write or fetch, read whole; a key given twice or text after the end is refused. */
public final class JsonFile {
    private static final ObjectReader STRICT = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build()
            .readerFor(JsonNode.class);

    private JsonFile() {}

    /**
     * The object that is the whole of {@code file}.
     *
     * @throws BadInputException if the file is missing, is not JSON (with the line), or is not one object
     */
    public static JsonNode readObject(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new BadInputException("there is no file " + file + "; is it the right folder?");
        }
        try {
            JsonNode root = STRICT.readValue(file.toFile());
            if (!root.isObject()) {
                throw new BadInputException(file + " must hold one JSON object { .. }; fetch or write it again");
            }
            return root;
        } catch (JsonProcessingException e) {
            throw new BadInputException(
                    file + " is not valid JSON at line " + line(e) + " (" + firstLine(e.getOriginalMessage())
                            + "); correct that line",
                    e);
        } catch (IOException e) {
            throw new BadInputException("cannot read " + file + " (" + e.getMessage() + "); fetch the file again", e);
        }
    }

    private static int line(JsonProcessingException e) {
        JsonLocation location = e.getLocation();
        return location == null ? 1 : location.getLineNr();
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("");
    }
}
