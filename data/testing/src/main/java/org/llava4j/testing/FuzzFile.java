package org.llava4j.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** Files that a fuzz target writes anew for each input. */
public final class FuzzFile {
    private static final AtomicLong SECONDS = new AtomicLong();

    private FuzzFile() {}

    /**
     * Writes a file with a modification time that it never had, so that readers that cache a version of a file read it
     * again.
     */
    public static Path write(Path file, byte[] bytes) throws IOException {
        Files.write(file, bytes);
        return Files.setLastModifiedTime(file, FileTime.fromMillis(1000 * SECONDS.incrementAndGet()));
    }

    /** The contents of two files that are one input with a NUL between them; without a NUL, the second is empty. */
    public static List<byte[]> split(byte[] input) {
        int end = 0;
        while (end < input.length && input[end] != 0) {
            end++;
        }
        return List.of(
                Arrays.copyOf(input, end), Arrays.copyOfRange(input, Math.min(end + 1, input.length), input.length));
    }
}
