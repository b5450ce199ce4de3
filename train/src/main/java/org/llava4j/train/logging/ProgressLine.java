package org.llava4j.train.logging;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.llava4j.train.plan.MachineMemory;
import org.llava4j.train.plan.MemoryPlan;

/** Console progress of a run: one line that is updated in place on a terminal, a line every 10 seconds elsewhere. */
public final class ProgressLine implements TrainingListener {
    private static final long TERMINAL_MS = 200;
    private static final long LOG_MS = 10_000;

    private final StatusLine line;
    private long lastMs = Long.MIN_VALUE / 2;

    public ProgressLine(StatusLine line) {
        this.line = line;
    }

    /** Progress on standard output. */
    public static ProgressLine onStdout() {
        return new ProgressLine(StatusLine.onStdout());
    }

    @Override
    public void memoryPlanned(MemoryPlan plan, MachineMemory machine) {
        line.println(plan.summary(machine));
    }

    @Override
    public void stepDone(Progress progress) {
        boolean last = progress.step().step() == progress.totalSteps();
        if (!last && progress.elapsedMs() - lastMs < (line.isTerminal() ? TERMINAL_MS : LOG_MS)) {
            return;
        }
        lastMs = progress.elapsedMs();
        line.update(text(progress));
    }

    @Override
    public void stepRejected(int step, String reason, List<String> samples) {
        notice("step " + step + " was rejected: " + reason + "; its samples: " + String.join(", ", samples));
    }

    @Override
    public void validated(int step, ValidationResult result) {
        String accuracy = result.accuracy() == null
                ? ""
                : String.format(Locale.ROOT, ", accuracy %.1f %%", 100 * result.accuracy());
        notice(String.format(Locale.ROOT, "validation, step %d: loss %.4f%s", step, result.loss(), accuracy));
    }

    @Override
    public void notice(String text) {
        line.println(text);
    }

    @Override
    public void trainingEnded() {
        line.end();
    }

    static String text(Progress progress) {
        return String.format(
                Locale.ROOT,
                "%s %d/%d  loss %.4f  lr %.2e  grad norm %.2f  %.0f tokens/s  targets %.0f %%  padding %.0f %%%s  %d MB"
                        + "  %s left",
                progress.stage(),
                progress.step().step(),
                progress.totalSteps(),
                progress.smoothedLoss(),
                progress.step().learningRate(),
                progress.step().gradNorm(),
                progress.tokensPerSecond(),
                100 * progress.targetTokenShare(),
                100 * progress.paddingShare(),
                unpacked(progress.unpackedPaddingShare()),
                progress.rssBytes() >> 20,
                duration(progress.remainingMs()));
    }

    /** The padding share without packing, to be added to the one with it. */
    public static String unpacked(@Nullable Double paddingShare) {
        return paddingShare == null ? "" : String.format(Locale.ROOT, " (%.0f %% unpacked)", 100 * paddingShare);
    }

    /** Formats a duration as {@code 1:02:03}, rounded up to seconds. */
    public static String duration(long ms) {
        long seconds = (ms + 999) / 1000;
        return String.format(Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
}
