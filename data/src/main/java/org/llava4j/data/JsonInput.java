package org.llava4j.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * JSON that people give us, as a tree or bound to a record: whatever is wrong with it becomes one line with its source
 * and line number.
 */
public final class JsonInput {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private JsonInput() {}

    /** JSON that is at hand. @throws BadInputException if it is not JSON; {@code source} names it there */
    public static JsonNode parse(String source, byte[] content) {
        FailedDownload.rejectUnlessEmpty(source, content);
        try {
            JsonNode node = tree(content);
            if (node.isMissingNode()) {
                throw new BadInputException(source + ": is empty; it must hold JSON");
            }
            return node;
        } catch (IOException e) {
            throw parseError(source, 0, e);
        }
    }

    /** The bare content, for callers that know more of the place where it stood; see {@link #parseError}. */
    public static JsonNode tree(byte[] content) throws IOException {
        return MAPPER.readTree(content);
    }

    /** A file that holds one JSON object. @throws BadInputException if it is missing, broken or something else */
    public static JsonNode readObject(Path file) {
        JsonNode node = parse(file.toString(), bytes(file));
        if (!node.isObject()) {
            throw new BadInputException(file + ": must hold one JSON object { .. }; fetch or write it again");
        }
        return node;
    }

    /** A file bound to a record, where a key that the record does not have is an error. */
    public static <T> T read(Path file, Class<T> type) {
        return parse(file.toString(), bytes(file), type);
    }

    /** As {@link #read(Path, Class)}, for content that is at hand. */
    public static <T> T parse(String source, byte[] content, Class<T> type) {
        FailedDownload.reject(source, content);
        try {
            return MAPPER.readValue(content, type);
        } catch (IOException e) {
            throw parseError(source, 0, e);
        }
    }

    /** A record as JSON that {@link #read(Path, Class)} reads. */
    public static String write(Record value) {
        try {
            return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(value) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a record of texts and numbers is always JSON", e);
        }
    }

    /**
     * What went wrong while reading, as one line.
     *
     * @param linesBefore lines of the file that come before what the parser was given
     */
    public static BadInputException parseError(String source, int linesBefore, IOException e) {
        String line = "";
        if (e instanceof JsonProcessingException json
                && json.getLocation() != null
                && json.getLocation().getLineNr() > 0) {
            line = ", line " + (json.getLocation().getLineNr() + linesBefore);
        }
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof BadInputException) {
                return new BadInputException(source + line + ": " + cause.getMessage(), e);
            }
        }
        if (e instanceof JsonProcessingException json) {
            return new BadInputException(source + line + ": " + reason(json), e);
        }
        return FileReadError.of(source, e, "fetch or write it again");
    }

    /** What is wrong with JSON, in one line without its place. */
    public static String reason(JsonProcessingException e) {
        return "broken JSON: " + JsonErrorMessage.of(e);
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new BadInputException(file + ": no such file; check the path", e);
        } catch (IOException e) {
            throw parseError(file.toString(), 0, e);
        }
    }
}
