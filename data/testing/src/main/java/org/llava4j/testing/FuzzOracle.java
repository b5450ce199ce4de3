package org.llava4j.testing;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/**
 * What a fuzz target demands of a reader for every input: it accepts the input, or rejects it with one exception whose
 * message is one line and names the input. Any other exception is a finding, and so is an input that makes the reader
 * allocate more memory than its kind allows. Jazzer itself bounds the time of an input.
 */
public final class FuzzOracle {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int MAX_MESSAGE_CHARS = 2000;

    private final Class<? extends RuntimeException> rejection;
    private final String name;
    private final long maxMegabytes;

    /**
     * @param rejection exception that rejects an input
     * @param name name of the input, which is part of every message
     * @param maxMegabytes most that the reader may allocate on the heap for one input, including what it frees; with ten
     *     times the expected amount, only an amount that the input chooses exceeds it
     */
    public FuzzOracle(Class<? extends RuntimeException> rejection, String name, long maxMegabytes) {
        this.rejection = rejection;
        this.name = name;
        this.maxMegabytes = maxMegabytes;
    }

    /** A use of a reader with one input. */
    public interface Reader {
        void read() throws Exception;
    }

    /**
     * Runs a reader.
     *
     * @return whether it accepted the input
     * @throws Exception what the reader throws, unless it is the allowed rejection
     * @throws AssertionError if the rejection or the memory breaks the rules
     */
    public boolean accepts(Reader reader) throws Exception {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        boolean accepted = isAccepted(reader);
        if (megabytesSince(before) > maxMegabytes) {
            requireFewMegabytes(reader);
        }
        return accepted;
    }

    /** Reads the input again: the first use of a reader also loads its classes, and Jazzer instruments them. */
    private void requireFewMegabytes(Reader reader) throws Exception {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        isAccepted(reader);
        long megabytes = megabytesSince(before);
        if (megabytes > maxMegabytes) {
            throw new AssertionError(
                    "the reader allocated " + megabytes + " MB, at most " + maxMegabytes + " expected");
        }
    }

    private static long megabytesSince(long before) {
        return (THREADS.getCurrentThreadAllocatedBytes() - before) / 1_000_000;
    }

    private boolean isAccepted(Reader reader) throws Exception {
        try {
            reader.read();
            return true;
        } catch (RuntimeException e) {
            if (!rejection.isInstance(e)) {
                throw e;
            }
            requireGoodMessage(e);
            return false;
        }
    }

    private void requireGoodMessage(RuntimeException e) {
        String message = String.valueOf(e.getMessage());
        boolean oneLine = message.lines().count() == 1;
        if (!oneLine || message.isBlank() || message.length() > MAX_MESSAGE_CHARS || !message.contains(name)) {
            throw new AssertionError(
                    "expected one line of at most " + MAX_MESSAGE_CHARS + " characters that names " + name
                            + ", but the message is: " + message,
                    e);
        }
    }
}
