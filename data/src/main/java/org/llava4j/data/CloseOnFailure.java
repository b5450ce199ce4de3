package org.llava4j.data;

/** Work that gives its caller an open resource, and closes the resource if it fails. */
public final class CloseOnFailure {
    private CloseOnFailure() {}

    /**
     * Work on a resource.
     *
     * @param <E> checked exception that it throws
     */
    @FunctionalInterface
    public interface Work<T, E extends Exception> {
        T run() throws E;
    }

    /**
     * Runs work whose result keeps a resource open.
     *
     * @param resource closed if the work fails
     */
    public static <T, E extends Exception> T run(AutoCloseable resource, Work<T, E> work) throws E {
        try {
            return work.run();
        } catch (Throwable failure) {
            try {
                resource.close();
            } catch (Throwable e) {
                if (e != failure) {
                    failure.addSuppressed(e);
                }
            }
            throw failure;
        }
    }
}
