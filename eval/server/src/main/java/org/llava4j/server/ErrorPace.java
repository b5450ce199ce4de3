package org.llava4j.server;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Pace of the error responses to each client: after as many as a second may have, further ones are that far apart, so that
 * rejected requests of one client cannot take the processor from the answers of others.
 */
final class ErrorPace {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final long intervalNanos;
    private final LongSupplier nanoTime;
    /** Time of each client's last error at that pace; the client with the oldest error first. */
    private final Map<ClientAddress, Long> last = new LinkedHashMap<>();

    /**
     * @param maxPerSecond error responses a second to one client
     * @param nanoTime a clock in nanoseconds, such as {@link System#nanoTime}
     */
    ErrorPace(int maxPerSecond, LongSupplier nanoTime) {
        intervalNanos = SECOND / maxPerSecond;
        this.nanoTime = nanoTime;
    }

    /** Nanoseconds from now until another error is due to a client, at most a second; 0 if it is due now. */
    synchronized long delayNanos(ClientAddress client) {
        long now = nanoTime.getAsLong();
        long unused = now - SECOND;
        forgetUntil(unused);
        Long before = last.remove(client);
        long from = before == null || before - unused < 0 ? unused : before;
        long due = Math.min(from + intervalNanos - now, SECOND) + now;
        last.put(client, due);
        return Math.max(0, due - now);
    }

    /** Forgets clients whose last error was due before a time; the times are in the order of the map but for a second. */
    private void forgetUntil(long time) {
        Iterator<Long> times = last.values().iterator();
        while (times.hasNext() && times.next() - time <= 0) {
            times.remove();
        }
    }
}
