package org.llava4j.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;

/** Where the golden numbers are; a missing one fails the test that asks for it. */
public final class Golden {
    private Golden() {}

    public static Path path(String relative) {
        Path file = Path.of(System.getProperty("llava4j.root"), "resources/golden", relative);
        assertThat(file).exists();
        return file;
    }
}
