package org.llava4j.data.cli;

import java.io.PrintStream;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.llava4j.data.Html;

/**
 * Says every few seconds how far a long work is: done, rate and time left, one line each, so that a log can be read as
 * well as a screen. Several threads may count.
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
     * @param what is counted: "captions"
     * @param total how many there are
     */
    public ProgressLogger(String what, long total) {
        this(what, total, System.out, System::nanoTime);
    }

    ProgressLogger(String what, long total, PrintStream out, LongSupplier clock) {
        this.unit = what;
        this.total = total;
        this.out = out;
        this.clock = clock;
        started = clock.getAsLong();
        lastLogged = new AtomicLong(started);
    }

    /** So many more are done. */
    public void add(long count) {
        long now = clock.getAsLong();
        long all = done.addAndGet(count);
        long last = lastLogged.get();
        if (now - last >= INTERVAL_NANOS && lastLogged.compareAndSet(last, now)) {
            double rate = all / ((now - started) / NANOS);
            out.println(Html.format(
                    "%,d of %,d %s, %,.0f a second, %s left",
                    all, total, unit, rate, Html.duration((total - all) / rate)));
        }
    }
}
