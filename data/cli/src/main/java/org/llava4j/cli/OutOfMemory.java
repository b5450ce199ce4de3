package org.llava4j.cli;

import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.memory.ProcessMemory;

/** Detection of memory exhaustion (heap or native, on any thread) behind a failure, and its one-line report. */
public final class OutOfMemory {
    /** Prefix of each report. */
    static final String NAME = "out of memory";

    /** Native code has no exception class for it, so the message decides. */
    private static final Pattern NATIVE = Pattern.compile(
            "bad_alloc|OutOfMemoryError|allocation failed|failed (to allocate|temp allocation)|cannot allocate memory"
                    + "|failed to map segment",
            Pattern.CASE_INSENSITIVE);

    private static final Pattern HEAP = Pattern.compile("heap space|GC overhead limit|array size exceeds");
    private static final Pattern THREAD = Pattern.compile("create native thread");
    private static final int MAX_CAUSES = 50;

    private OutOfMemory() {}

    /**
     * Reports in one line which memory is exhausted and what would help.
     *
     * @return the report, or null for other failures
     */
    public static @Nullable String report(Throwable failure) {
        Throwable cause = failure;
        for (int i = 0; cause != null && i < MAX_CAUSES; i++, cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            if (cause instanceof OutOfMemoryError || NATIVE.matcher(message).find()) {
                return NAME + " (" + message.lines().findFirst().orElse("") + "): " + help(message);
            }
        }
        return null;
    }

    private static String help(String message) {
        String limit = megabytes(Runtime.getRuntime().maxMemory());
        if (HEAP.matcher(message).find()) {
            return "the Java heap has at most " + limit + "; increase it (-Xmx, for Maven in MAVEN_OPTS)";
        }
        if (THREAD.matcher(message).find()) {
            return "the system cannot create another thread; check its limits (ulimit -u, ulimit -v, container limits)";
        }
        return "the process uses " + megabytes(Objects.requireNonNullElse(ProcessMemory.RESIDENT.bytes(), 0L))
                + ", of which the Java heap may use at most "
                + limit
                + "; raise the limits of the process (ulimit -v, container limits), use a machine"
                + " with more memory, or a smaller model, batch size or weight dtype";
    }

    private static String megabytes(long bytes) {
        return (bytes >> 20) + " MB";
    }
}
