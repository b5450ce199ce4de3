package org.llava4j.data.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** What this process holds of the machine's memory, as Linux's {@code /proc/self/status} tells it. */
public enum ProcessMemory {
    /** Resident now, in any way. */
    RESIDENT("VmRSS:"),
    /** The most that was resident so far. */
    PEAK("VmHWM:"),
    /** Resident now, without pages of files. */
    ANONYMOUS("RssAnon:");

    private static final Path STATUS = Path.of("/proc/self/status");
    private static final long UNIT_BYTES = 1024;

    private final String name;

    ProcessMemory(String name) {
        this.name = name;
    }

    /** Bytes; empty where there is no such file. */
    public OptionalLong bytes() {
        try {
            return Files.readAllLines(STATUS).stream()
                    .filter(line -> line.startsWith(name))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * UNIT_BYTES)
                    .findFirst();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }
}
