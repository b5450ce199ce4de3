package org.llava4j.train.stage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this process holds in memory, as Linux tells it. */
final class ResidentMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String KEY = "VmRSS:";

    private ResidentMemory() {}

    /** In bytes; 0 where the system does not tell it. */
    static long bytes() {
        if (!Files.isReadable(STATUS)) {
            return 0;
        }
        try {
            return Files.readAllLines(STATUS).stream()
                    .filter(line -> line.startsWith(KEY))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }
}
