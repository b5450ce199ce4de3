package org.llava4j.data.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this process holds in memory, as Linux tells it; 0 where the system does not. In bytes. */
public final class ProcessMemory {
    private static final Path STATUS = Path.of("/proc/self/status");

    private ProcessMemory() {}

    /** Resident now, mapped files among it. */
    public static long resident() {
        return kilobytes("VmRSS:") << 10;
    }

    /** The most that was ever resident. */
    public static long peak() {
        return kilobytes("VmHWM:") << 10;
    }

    private static long kilobytes(String key) {
        if (!Files.isReadable(STATUS)) {
            return 0;
        }
        try {
            return Files.readAllLines(STATUS).stream()
                    .filter(line -> line.startsWith(key))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }
}
