package org.llava4j.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * JSON parsing of user files, as a tree or bound to a record. Every problem becomes a one-line message with the source
 * and line number.
 */
public final class JsonInput {
    private static final long MAX_BOUNDED_BYTES = 64_000_000;

    private static final long MAX_BOUNDED_TOKENS = 2_000_000;

    private static final long MAX_REQUEST_TOKENS = 100_000;

    private static final JsonMapper MAPPER = mapper(new JsonFactory());

    private static final JsonMapper LIMITED = mapper(limited(MAX_BOUNDED_TOKENS));

    private static final JsonMapper REQUEST = mapper(limited(MAX_REQUEST_TOKENS));

    private JsonInput() {}

    private static JsonFactory limited(long maxTokens) {
        return JsonFactory.builder()
                .streamReadConstraints(
                        StreamReadConstraints.builder().maxTokenCount(maxTokens).build())
                .build();
    }

    private static JsonMapper mapper(JsonFactory factory) {
        return JsonMapper.builder(factory)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .build();
    }

    /**
     * Parses JSON content.
     *
     * @param source name of the content in messages
     * @throws BadInputException if the content is not JSON
     */
    public static JsonNode parse(String source, byte[] content) {
        return parse(source, content, MAPPER);
    }

    private static JsonNode parse(String source, byte[] content, JsonMapper mapper) {
        FailedDownload.rejectUnlessEmpty(source, content);
        try {
            Utf8Validator.check(content);
            JsonNode node = mapper.readTree(content);
            if (node.isMissingNode()) {
                throw new BadInputException(source + ": is empty; it must contain JSON");
            }
            return node;
        } catch (IOException e) {
            throw parseError(source, 0, e);
        }
    }

    /** Parses JSON content; for callers that add the location of an error themselves, see {@link #parseError}. */
    public static JsonNode tree(byte[] content) throws IOException {
        Utf8Validator.check(content);
        return MAPPER.readTree(content);
    }

    /**
     * Parses the body of a request, as {@link #tree}, in memory that is bounded by its length: a tree of many small values
     * takes 30 times as much as its text, so more than 100,000 names, values and brackets are rejected.
     */
    public static JsonNode requestTree(byte[] content) throws IOException {
        Utf8Validator.check(content);
        return REQUEST.readTree(content);
    }

    /**
     * Reads a file that contains one JSON object.
     *
     * @throws BadInputException if the file is missing, invalid or not an object
     */
    public static JsonNode readObject(Path file) {
        JsonNode node = parse(file.toString(), bytes(file));
        if (!node.isObject()) {
            throw new BadInputException(file + ": must contain one JSON object { .. }; download or write it again");
        }
        return node;
    }

    /**
     * Reads the JSON object of a file of a model folder, such as a config or a tokenizer, in bounded memory: a file of
     * more than 64 MB or with more than two million values is rejected.
     *
     * @throws BadInputException as {@link #readObject}, or if the file is too large
     */
    public static JsonNode readBoundedObject(Path file) {
        long size = Files.isRegularFile(file) ? file.toFile().length() : 0;
        if (size > MAX_BOUNDED_BYTES) {
            throw new BadInputException(file + ": is " + size / 1_000_000 + " MB; at most "
                    + MAX_BOUNDED_BYTES / 1_000_000 + " MB are read, check that it is the right file");
        }
        JsonNode node = parse(file.toString(), bytes(file), LIMITED);
        if (!node.isObject()) {
            throw new BadInputException(file + ": must contain one JSON object { .. }; download or write it again");
        }
        return node;
    }

    /**
     * Reads a file into a record; unknown keys are errors.
     *
     * @throws BadInputException if the file is missing, invalid or does not match the record
     */
    public static <T> T read(Path file, Class<T> type) {
        return parse(file.toString(), bytes(file), type);
    }

    /** Parses content into a record; see {@link #read(Path, Class)}. */
    public static <T> T parse(String source, byte[] content, Class<T> type) {
        FailedDownload.reject(source, content);
        try {
            Utf8Validator.check(content);
            return requireValue(source, MAPPER.readValue(content, type));
        } catch (IOException e) {
            throw parseError(source, 0, e);
        }
    }

    /**
     * Rejects the JSON value {@code null}, which Jackson reads as a null record.
     *
     * @param source name of the content in messages
     * @throws BadInputException if the value is null
     */
    public static <T> T requireValue(String source, @Nullable T value) {
        if (value == null) {
            throw new BadInputException(source + ": is null; it must be one JSON object { .. }");
        }
        return value;
    }

    /** Formats a record as JSON that {@link #read(Path, Class)} reads. */
    public static String write(Record value) {
        try {
            return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(value) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot serialize a record", e);
        }
    }

    /**
     * Converts a parse failure into a one-line error.
     *
     * @param source name of the content
     * @param linesBefore number of lines of the file before the content that was given to the parser
     * @param e the failure
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
        return FileReadError.of(source, e, "download or write it again");
    }

    /** Describes a parse failure in one line, without its location. */
    public static String reason(JsonProcessingException e) {
        return "invalid JSON: " + JsonErrorMessage.of(e);
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new BadInputException(file + ": no such file; " + FileReadError.missingAdvice(file), e);
        } catch (IOException e) {
            throw parseError(file.toString(), 0, e);
        }
    }

    /**
     * Parses the lines of a JSON Lines file, in order; blank lines are skipped.
     *
     * @param onLine receives a line's place, such as {@code FILE, line 3}, and its value
     * @throws BadInputException if the file cannot be read or a line is not JSON
     */
    public static void lines(Path file, BiConsumer<String, JsonNode> onLine) {
        int number = 0;
        for (String line : TextFiles.lines(file)) {
            if (!line.isBlank()) {
                try {
                    JsonNode value = tree(line.getBytes(StandardCharsets.UTF_8));
                    onLine.accept(file + ", line " + (number + 1), value);
                } catch (IOException e) {
                    throw parseError(file.toString(), number, e);
                }
            }
            number++;
        }
    }
}
