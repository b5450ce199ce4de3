package org.llava4j.server;

import java.util.Arrays;
import java.util.Map;

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
        return countIn("org.llava4j.server.");
    }

    /** Number of threads that send a part of a stream, or wait for its client to read. */
    static long inStreams() {
        return countIn(Exchange.ServerSentEvents.class.getName());
    }

    private static long countIn(String classPrefix) {
        return Thread.getAllStackTraces().entrySet().stream()
                .filter(entry -> isServer(entry.getKey()) && isIn(entry, classPrefix))
                .count();
    }

    private static boolean isIn(Map.Entry<Thread, StackTraceElement[]> thread, String classPrefix) {
        return Arrays.stream(thread.getValue())
                .anyMatch(frame -> frame.getClassName().startsWith(classPrefix));
    }

    private static boolean isServer(Thread thread) {
        return thread.getName().startsWith("llava4j-server");
    }
}
