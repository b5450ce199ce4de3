package org.llava4j.train.logging;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * TensorBoard log of a run: an event file with the metrics of {@code metrics.jsonl} as scalars. Each process of a run
 * writes a new file whose name sorts last. The file of a resumed run starts with a session event, so that TensorBoard
 * ignores later steps of earlier files.
 */
public final class TensorBoardLog implements TrainingListener {
    /** Prefix of the file names. */
    static final String PREFIX = "events.out.tfevents.";

    private static final String VERSION = "brain.Event:2";

    /** Field numbers of {@code tensorflow.Event}. */
    private static final int WALL_TIME = 1;

    private static final int STEP = 2;
    private static final int FILE_VERSION = 3;
    private static final int SUMMARY = 5;
    private static final int SESSION_LOG = 7;

    /** Of {@code tensorflow.Summary} and its {@code Value}. */
    private static final int VALUE = 1;

    private static final int TAG = 1;
    private static final int SIMPLE_VALUE = 2;

    /** Of {@code tensorflow.SessionLog}. */
    private static final int STATUS = 1;

    private static final long START = 1;

    private final DisplayGuard guard = new DisplayGuard("TensorBoard's events");

    @SuppressWarnings("NullAway.Init") // set when the training starts, which is before all other events
    private RunStart start;

    private @Nullable TfRecordWriter records;

    @Override
    public void trainingStarted(RunStart run) {
        start = run;
        guard.reportTo(run.notices());
    }

    @Override
    public void stepDone(Progress progress) {
        Map<String, Double> scalars = new LinkedHashMap<>();
        scalars.put("loss", progress.step().loss());
        scalars.put("smoothed_loss", progress.smoothedLoss());
        scalars.put("learning_rate", progress.step().learningRate());
        scalars.put("grad_norm", progress.step().gradNorm());
        scalars.put("tokens_per_second", progress.tokensPerSecond());
        scalars.put("padding", progress.paddingShare());
        scalars.put("target_tokens", progress.targetTokenShare());
        scalars.put("rss_mb", (double) (progress.rssBytes() >> 20));
        write(progress.step().step(), scalars);
    }

    @Override
    public void validated(int step, ValidationResult result) {
        Map<String, Double> scalars = new LinkedHashMap<>();
        scalars.put("validation_loss", result.loss());
        if (result.accuracy() != null) {
            scalars.put("validation_accuracy", result.accuracy());
        }
        write(step, scalars);
    }

    private void write(int step, Map<String, Double> scalars) {
        ProtoMessage summary = new ProtoMessage();
        scalars.forEach((tag, value) ->
                summary.put(VALUE, new ProtoMessage().put(TAG, tag).put(SIMPLE_VALUE, value.floatValue())));
        guard.attempt(() -> {
            TfRecordWriter opened = records == null ? open(step) : records;
            records = opened;
            opened.write(event(step).put(SUMMARY, summary).bytes());
        });
    }

    /** Creates the file with the first event, so that a run that fails earlier leaves none. */
    private TfRecordWriter open(int firstStep) throws IOException {
        List<Path> former = MonitoringFiles.list(start.folder()).stream()
                .filter(other -> other.getFileName().toString().startsWith(PREFIX))
                .toList();
        long seconds = System.currentTimeMillis() / 1000;
        for (Path other : former) {
            seconds = Math.max(seconds, secondsOf(other) + 1);
        }
        TfRecordWriter opened = TfRecordWriter.create(start.folder().resolve(PREFIX + seconds + "." + host()));
        opened.write(event(0).put(FILE_VERSION, VERSION).bytes());
        if (start.before().steps() > 0) {
            opened.write(event(firstStep)
                    .put(SESSION_LOG, new ProtoMessage().put(STATUS, START))
                    .bytes());
        }
        return opened;
    }

    private static long secondsOf(Path file) {
        String[] parts =
                file.getFileName().toString().substring(PREFIX.length()).split("\\.", 2);
        return parts[0].matches("\\d{1,12}") ? Long.parseLong(parts[0]) : 0;
    }

    private static ProtoMessage event(long step) {
        return new ProtoMessage()
                .put(WALL_TIME, System.currentTimeMillis() / 1e3)
                .put(STEP, step);
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }

    @Override
    public void trainingEnded() {
        if (records == null) {
            return;
        }
        guard.attempt(records::close);
        records = null;
    }
}
