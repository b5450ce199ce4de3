package org.llava4j.cli;

import java.io.PrintStream;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.llava4j.data.Html;

/**
 * Prints progress every few seconds: items done, rate and remaining time on one line each. Safe for use by several
 * threads.
 */
public final class ProgressLogger {
    private static final long INTERVAL_NANOS = 5_000_000_000L;
    private static final double NANOS = 1e9;

    private final String unit;
    private final long total;
    private final PrintStream out;
    private final LongSupplier clock;
    private final long started;
    private final AtomicLong done = new AtomicLong();
    private final AtomicLong lastLogged;

    /**
     * @param unit name of the items: "captions"
     * @param total number of items
     */
    public ProgressLogger(String unit, long total) {
        this(unit, total, System.out, System::nanoTime);
    }

    ProgressLogger(String unit, long total, PrintStream out, LongSupplier clock) {
        this.unit = unit;
        this.total = total;
        this.out = out;
        this.clock = clock;
        started = clock.getAsLong();
        lastLogged = new AtomicLong(started);
    }

    /** Adds to the number of items that are done. */
    public void add(long count) {
        long now = clock.getAsLong();
        long all = done.addAndGet(count);
        long last = lastLogged.get();
        if (now - last >= INTERVAL_NANOS && lastLogged.compareAndSet(last, now)) {
            double rate = all / ((now - started) / NANOS);
            out.println(Html.format(
                    "%,d of %,d %s, %,.0f/s, %s left", all, total, unit, rate, Html.duration((total - all) / rate)));
        }
    }
}
