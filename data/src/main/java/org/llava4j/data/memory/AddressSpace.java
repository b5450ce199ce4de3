package org.llava4j.data.memory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Virtual address space still available to this process under a limit ({@code ulimit -v}). It is checked before native
 * code runs, because native code does not always fail cleanly: OpenBLAS retries a failed buffer mapping forever.
 */
public final class AddressSpace {
    /** Address space used by native libraries and thread-local areas before any computation, rounded up. */
    public static final long NATIVE_CODE_BYTES = 1L << 30;

    private static final String LIMIT = "Max address space";
    private static final String SIZE = "VmSize:";

    private AddressSpace() {}

    /**
     * Available bytes.
     *
     * @return the bytes, or null if there is no limit or the system does not report it
     */
    public static @Nullable Long availableBytes() {
        try {
            Path self = Path.of("/proc/self");
            return available(Files.readAllLines(self.resolve("limits")), Files.readAllLines(self.resolve("status")));
        } catch (IOException e) {
            return null;
        }
    }

    /** Computes the available bytes from Linux's {@code /proc/self/limits} and {@code /proc/self/status}. */
    static @Nullable Long available(List<String> limits, List<String> status) {
        OptionalLong limit = limits.stream()
                .filter(line -> line.startsWith(LIMIT))
                .map(line -> line.substring(LIMIT.length()).strip().split("\\s+")[0])
                .filter(soft -> soft.matches("\\d{1,18}"))
                .mapToLong(Long::parseLong)
                .findFirst();
        OptionalLong size = status.stream()
                .filter(line -> line.startsWith(SIZE))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                .findFirst();
        return limit.isEmpty() || size.isEmpty()
                ? null
                : Long.valueOf(Math.max(0, limit.getAsLong() - size.getAsLong()));
    }

    /**
     * Requires available address space.
     *
     * @param use what needs it, for the message
     * @throws OutOfMemoryError if a limit leaves less
     */
    public static void require(long bytes, String use) {
        require(availableBytes(), bytes, use);
    }

    static void require(@Nullable Long left, long bytes, String use) {
        if (left != null && left < bytes) {
            throw new OutOfMemoryError("the limit of the address space leaves " + (left >> 20) + " MB, " + use
                    + " needs " + (bytes >> 20) + " MB");
        }
    }
}
