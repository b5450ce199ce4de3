package org.llava4j.server;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;

/** Request threads of the servers in this process, in a thread dump. */
final class ServerThreads {
    private ServerThreads() {}

    /** Number of threads. */
    static long count() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(ServerThreads::isServer)
                .count();
    }

    /** Number of threads that work on a request, or wait within it. */
    static long inRequests() {
        return threadsIn("org.llava4j.server.").count();
    }

    /** Number of threads that wait for the client of a stream to read. */
    static long inStreams() {
        return threadsIn(Exchange.ServerSentEvents.class.getName())
                .filter(thread -> thread.getState() == Thread.State.WAITING)
                .count();
    }

    private static Stream<Thread> threadsIn(String classPrefix) {
        return Thread.getAllStackTraces().entrySet().stream()
                .filter(entry -> isServer(entry.getKey()) && isIn(entry.getValue(), classPrefix))
                .map(Map.Entry::getKey);
    }

    private static boolean isIn(StackTraceElement[] stack, String classPrefix) {
        return Arrays.stream(stack).anyMatch(frame -> frame.getClassName().startsWith(classPrefix));
    }

    private static boolean isServer(Thread thread) {
        return thread.getName().startsWith("llava4j-server");
    }
}
