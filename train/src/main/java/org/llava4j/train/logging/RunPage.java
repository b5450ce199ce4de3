package org.llava4j.train.logging;

import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.AtomicFile;

/**
 * HTML page of a run, {@code run.html}, rewritten every few seconds and reloaded by the browser; at the end it shows
 * the result. A resumed run shows the curves so far.
 */
public final class RunPage implements TrainingListener {
    static final String FILE = "run.html";

    private static final long EVERY_MS = 5_000;
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT);

    private final DisplayGuard guard = new DisplayGuard("the page " + FILE);
    private @Nullable RunStart start;
    private MetricCurves curves = new MetricCurves();
    private @Nullable Progress last;
    private @Nullable Path checkpoint;
    private long writtenMs = -EVERY_MS;

    /**
     * Content of the page.
     *
     * @param start the start of the run
     * @param curves metrics so far
     * @param last last step of this process; null before its first step
     * @param checkpoint last checkpoint of this process; null if it wrote none
     * @param result result of the run; null while it is running
     * @param written local time of writing
     */
    record Content(
            RunStart start,
            MetricCurves curves,
            @Nullable Progress last,
            @Nullable Path checkpoint,
            @Nullable RunResult result,
            String written) {}

    @Override
    public void trainingStarted(RunStart run) {
        start = run;
        curves = new MetricCurves();
        guard.reportTo(run.notices());
        guard.attempt(() -> curves = MetricCurves.of(run.folder().resolve(MetricsLog.FILE)));
    }

    @Override
    public void stepDone(Progress progress) {
        curves.add(progress);
        last = progress;
        boolean atEnd = progress.step().step() == progress.totalSteps();
        if (atEnd || progress.elapsedMs() - writtenMs >= EVERY_MS) {
            writtenMs = progress.elapsedMs();
            write(null);
        }
    }

    @Override
    public void validated(int step, ValidationResult result) {
        curves.add(step, result);
    }

    @Override
    public void checkpointSaved(Path saved) {
        checkpoint = saved;
    }

    /** A run that ends before its first step has no page. */
    @Override
    public void runEnded(RunResult result) {
        if (!curves.loss.isEmpty()) {
            write(result);
        }
    }

    private void write(@Nullable RunResult result) {
        if (start == null) {
            return;
        }
        Path file = start.folder().resolve(FILE);
        Content content = new Content(start, curves, last, checkpoint, result, TIME.format(LocalDateTime.now()));
        guard.attempt(() -> AtomicFile.writeString(file, new RunPageRenderer(content).render()));
    }
}
