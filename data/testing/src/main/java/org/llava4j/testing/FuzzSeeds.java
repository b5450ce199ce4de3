package org.llava4j.testing;

import static org.junit.jupiter.api.Named.named;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** Valid inputs that a fuzz target starts from: the arguments of a method {@code byte[]}. */
public final class FuzzSeeds {
    private FuzzSeeds() {}

    /** Files by their names. */
    public static Stream<Arguments> files(Path... files) {
        return Arrays.stream(files).map(file -> {
            try {
                return of(file.getFileName().toString(), Files.readAllBytes(file));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /** Texts in UTF-8. */
    public static Stream<Arguments> texts(String... texts) {
        return Arrays.stream(texts).map(text -> of(text, text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Bytes and their name. */
    public static Arguments of(String name, byte[] bytes) {
        return arguments(named(name, bytes));
    }
}
