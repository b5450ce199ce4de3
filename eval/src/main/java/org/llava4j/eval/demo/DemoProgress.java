package org.llava4j.eval.demo;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.llava4j.data.Html;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.ProgressLine;
import org.llava4j.train.logging.StatusLine;
import org.llava4j.train.logging.TrainingListener;

/**
 * Progress and timing of a demo run. On a terminal, one status line shows the part, its step, the loss and the time
 * left; otherwise one line is printed at the start and one at the end of each part.
 */
final class DemoProgress implements TrainingListener, AutoCloseable {
    private static final long UPDATE_NANOS = 200_000_000;

    private final StatusLine line;
    private final LongSupplier nanoTime;
    private final Map<DemoPart, Double> seconds = new EnumMap<>(DemoPart.class);
    private final List<String> notices = new ArrayList<>();
    private DemoPart part = DemoPart.WRITE_DATASET;
    private long partStart;
    private long lastUpdate;

    /** @param nanoTime the clock, such as {@code System::nanoTime} */
    DemoProgress(StatusLine line, LongSupplier nanoTime) {
        this.line = line;
        this.nanoTime = nanoTime;
    }

    /** Runs and times one part. */
    <T> T run(DemoPart next, Supplier<T> work) {
        part = next;
        partStart = nanoTime.getAsLong();
        lastUpdate = partStart - UPDATE_NANOS;
        line.update(part.heading());
        T result = work.get();
        double elapsed = (nanoTime.getAsLong() - partStart) / 1e9;
        seconds.put(part, elapsed);
        if (!line.isTerminal()) {
            line.update(part.heading() + ": " + Html.duration(elapsed));
        }
        return result;
    }

    @Override
    public void stepDone(Progress progress) {
        show(
                "step",
                progress.step().step(),
                progress.totalSteps(),
                Html.format("  loss %.3f", progress.smoothedLoss()),
                progress.remainingMs());
    }

    /** Reports how many problems of an evaluation have an answer. */
    void answered(int problems, int total) {
        long elapsedMs = (nanoTime.getAsLong() - partStart) / 1_000_000;
        show("problem", problems, total, "", elapsedMs * (total - problems) / problems);
    }

    private void show(String unit, int done, int total, String values, long leftMs) {
        long now = nanoTime.getAsLong();
        if (!line.isTerminal() || (done < total && now - lastUpdate < UPDATE_NANOS)) {
            return;
        }
        lastUpdate = now;
        line.update(Html.format(
                "%s  %s %d of %d%s  %s left",
                part.heading(), unit, done, total, values, ProgressLine.duration(leftMs)));
    }

    /** Stores the notice for the report, so that the terminal shows only the status line. */
    @Override
    public void notice(String text) {
        notices.add(part.label() + ": " + text);
    }

    List<String> notices() {
        return Collections.unmodifiableList(notices);
    }

    /** Seconds of each finished part. */
    Map<DemoPart, Double> seconds() {
        return Collections.unmodifiableMap(seconds);
    }

    /** Removes the status line. */
    @Override
    public void close() {
        line.clear();
    }
}
