package org.llava4j.data.memory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Memory usage of this process, from Linux's {@code /proc/self/status}. */
public enum ProcessMemory {
    /** Current resident set size. */
    RESIDENT("VmRSS:"),
    /** Peak resident set size. */
    PEAK("VmHWM:"),
    /** Current resident anonymous memory, without file-backed pages. */
    ANONYMOUS("RssAnon:");

    private static final Path STATUS = Path.of("/proc/self/status");
    private static final long UNIT_BYTES = 1024;

    private final String name;

    ProcessMemory(String name) {
        this.name = name;
    }

    /**
     * Reads the current value.
     *
     * @return the bytes, or null on systems without that file
     */
    public @Nullable Long bytes() {
        try {
            return Files.readAllLines(STATUS).stream()
                    .filter(line -> line.startsWith(name))
                    .map(line -> Long.parseLong(line.replaceAll("\\D", "")) * UNIT_BYTES)
                    .findFirst()
                    .orElse(null);
        } catch (IOException e) {
            return null;
        }
    }
}
