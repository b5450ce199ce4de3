package org.llava4j.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Golden fixtures of {@code resources/golden}; a missing fixture fails the test. */
public final class Golden {
    private Golden() {}

    public static Path path(String name) {
        Path path = Path.of(System.getProperty("llava4j.root"), "resources/golden", name);
        if (!Files.exists(path)) {
            throw new AssertionError("golden fixture " + path + " is missing");
        }
        return path;
    }

    public static JsonNode json(String name) {
        try {
            return new ObjectMapper().readTree(path(name).toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A JSON array of numbers. */
    public static int[] ints(JsonNode array) {
        int[] values = new int[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).intValue();
        }
        return values;
    }
}
