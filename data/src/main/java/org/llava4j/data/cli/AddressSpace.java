package org.llava4j.data.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/**
 * The address space that a limit ({@code ulimit -v}) leaves this process. Native code that finds none is not always able
 * to say so: OpenBLAS tries to map its buffers for ever. It is therefore checked before.
 */
public final class AddressSpace {
    /** What native libraries and the threads' areas take of it before anything is computed, rounded up. */
    public static final long NATIVE_CODE_BYTES = 1L << 30;

    private static final String LIMIT = "Max address space";
    private static final String SIZE = "VmSize:";

    private AddressSpace() {}

    /** Bytes; empty where there is no limit, or the system does not tell it. */
    public static OptionalLong availableBytes() {
        try {
            Path self = Path.of("/proc/self");
            return available(Files.readAllLines(self.resolve("limits")), Files.readAllLines(self.resolve("status")));
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    /** From Linux's lists of the limits and of the state of a process. */
    static OptionalLong available(List<String> limits, List<String> status) {
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
                ? OptionalLong.empty()
                : OptionalLong.of(Math.max(0, limit.getAsLong() - size.getAsLong()));
    }

    /** Requires so much. @throws OutOfMemoryError if a limit leaves less; {@code use} names what needs it */
    public static void require(long bytes, String use) {
        require(availableBytes(), bytes, use);
    }

    static void require(OptionalLong left, long bytes, String use) {
        if (left.isPresent() && left.getAsLong() < bytes) {
            throw new OutOfMemoryError("the limit of the address space leaves " + (left.getAsLong() >> 20) + " MB, "
                    + use + " needs " + (bytes >> 20) + " MB");
        }
    }
}
