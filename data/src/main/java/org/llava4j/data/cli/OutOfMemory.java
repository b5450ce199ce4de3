package org.llava4j.data.cli;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Recognition of exhausted memory behind a failure, of the heap or outside it, on whichever thread it occurred, and its
 * report in one line.
 */
public final class OutOfMemory {
    /** What each report begins with. */
    static final String NAME = "out of memory";

    /** Native code has no class of its own for it: only its messages say so. */
    private static final Pattern NATIVE = Pattern.compile(
            "bad_alloc|OutOfMemoryError|allocation failed|failed (to allocate|temp allocation)|cannot allocate memory"
                    + "|failed to map segment",
            Pattern.CASE_INSENSITIVE);

    private static final Pattern HEAP = Pattern.compile("heap space|GC overhead limit|array size exceeds");
    private static final Pattern THREAD = Pattern.compile("create native thread");
    private static final int MAX_CAUSES = 50;

    private OutOfMemory() {}

    /** One line that says which memory is exhausted and what would help; empty for a failure of another kind. */
    public static Optional<String> report(Throwable failure) {
        Throwable cause = failure;
        for (int i = 0; cause != null && i < MAX_CAUSES; i++, cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            if (cause instanceof OutOfMemoryError || NATIVE.matcher(message).find()) {
                return Optional.of(NAME + " (" + message.lines().findFirst().orElse("") + "): " + help(message));
            }
        }
        return Optional.empty();
    }

    private static String help(String message) {
        String limit = megabytes(Runtime.getRuntime().maxMemory());
        if (HEAP.matcher(message).find()) {
            return "the Java heap has at most " + limit + "; give it more (-Xmx, for Maven in MAVEN_OPTS)";
        }
        if (THREAD.matcher(message).find()) {
            return "the system refuses another thread; look at its limits (ulimit -u, ulimit -v, those of a container)";
        }
        return "the process holds " + megabytes(ProcessMemory.RESIDENT.bytes().orElse(0))
                + ", of which the Java heap may"
                + " take " + limit
                + "; raise the limits of the process (ulimit -v, those of a container), take a machine"
                + " with more memory, or a smaller model, batch or weight type";
    }

    private static String megabytes(long bytes) {
        return (bytes >> 20) + " MB";
    }
}
