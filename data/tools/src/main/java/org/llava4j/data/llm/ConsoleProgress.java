package org.llava4j.data.llm;

import java.util.HashSet;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.llava4j.data.Html;

/** Console progress of requests: counts every few seconds, and each new failure reason as it occurs. */
final class ConsoleProgress implements RequestListener {
    private static final long INTERVAL_MS = 5000;
    private static final int MAX_REASONS = 5;

    private final BooleanSupplier stops;
    private final Set<String> reasons = new HashSet<>();
    private long lastPrintedMs;

    /**
     * Creates a listener.
     *
     * @param stops whether the user requested a stop
     */
    ConsoleProgress(BooleanSupplier stops) {
        this.stops = stops;
    }

    @Override
    public void failed(LlmRequest request, String reason) {
        if (reasons.size() < MAX_REASONS && reasons.add(reason)) {
            System.err.println("request " + request.label() + " failed: " + reason);
        }
    }

    @Override
    public boolean isStopRequested() {
        return stops.getAsBoolean();
    }

    @Override
    public void progress(RequestProgress progress) {
        boolean last = progress.settled() == progress.total();
        if (!last && progress.elapsedMs() - lastPrintedMs < INTERVAL_MS) {
            return;
        }
        lastPrintedMs = progress.elapsedMs();
        System.out.println(Html.format(
                "%,d of %,d requests, %,d answered now, %,d failed attempts, %,d tokens, %s",
                progress.settled(),
                progress.total(),
                progress.answered(),
                progress.failures(),
                progress.tokens(),
                progress.remainingMs() < 0
                        ? "remaining time unknown"
                        : Html.duration(progress.remainingMs() / 1e3) + " left"));
    }
}
