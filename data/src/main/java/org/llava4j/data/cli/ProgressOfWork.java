package org.llava4j.data.cli;

import java.io.PrintStream;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.llava4j.data.Html;

/**
 * Says every few seconds how far a long work is: done, rate and time left, one line each, so that a log can be read as
 * well as a screen. Several threads may count.
 */
public final class ProgressOfWork {
    private static final long INTERVAL_NANOS = 5_000_000_000L;
    private static final double NANOS = 1e9;

    private final String what;
    private final long total;
    private final PrintStream out;
    private final LongSupplier clock;
    private final long begun;
    private final AtomicLong done = new AtomicLong();
    private final AtomicLong said;

    /**
     * @param what is counted: "captions"
     * @param total how many there are
     */
    public ProgressOfWork(String what, long total) {
        this(what, total, System.out, System::nanoTime);
    }

    ProgressOfWork(String what, long total, PrintStream out, LongSupplier clock) {
        this.what = what;
        this.total = total;
        this.out = out;
        this.clock = clock;
        begun = clock.getAsLong();
        said = new AtomicLong(begun);
    }

    /** So many more are done. */
    public void add(long count) {
        long now = clock.getAsLong();
        long all = done.addAndGet(count);
        long last = said.get();
        if (now - last >= INTERVAL_NANOS && said.compareAndSet(last, now)) {
            double rate = all / ((now - begun) / NANOS);
            out.println(Html.fill(
                    "%,d of %,d %s, %,.0f a second, %s left",
                    all, total, what, rate, Html.duration((total - all) / rate)));
        }
    }
}
