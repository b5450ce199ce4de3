package org.llava4j.server;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Pace of the error responses to each client (a leaky bucket): the first ones, as many as are due in a second, are sent at
 * once, and further ones at that rate, but none waits longer than a second. So rejected requests of one client cannot take
 * the processor from the answers of others.
 */
final class ErrorPace {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final long intervalNanos;
    private final LongSupplier nanoTime;
    /** Time when the last error of each client was due; the client with the oldest error first. */
    private final Map<ClientAddress, Long> last = new LinkedHashMap<>();

    /**
     * @param perSecond error responses a second to one client
     * @param nanoTime a clock in nanoseconds, such as {@link System#nanoTime}
     */
    ErrorPace(int perSecond, LongSupplier nanoTime) {
        intervalNanos = SECOND / perSecond;
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

    /**
     * Forgets clients whose last error was due at a time or before, up to the first one that was not: all of two seconds
     * ago, since the map is in the order of errors.
     */
    private void forgetUntil(long time) {
        Iterator<Long> times = last.values().iterator();
        while (times.hasNext() && times.next() - time <= 0) {
            times.remove();
        }
    }
}
