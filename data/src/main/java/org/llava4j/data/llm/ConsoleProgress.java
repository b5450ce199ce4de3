package org.llava4j.data.llm;

import java.util.HashSet;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.llava4j.data.Html;

/** Console progress of calls: counts every few seconds, and each new reason of a failure as it occurs. */
final class ConsoleProgress implements RequestListener {
    private static final long BETWEEN_MS = 5000;
    private static final int REASONS_SHOWN = 5;

    private final BooleanSupplier stops;
    private final Set<String> reasons = new HashSet<>();
    private long lastPrintedMs;

    /** @param stops whether the user asked to stop */
    ConsoleProgress(BooleanSupplier stops) {
        this.stops = stops;
    }

    @Override
    public void failed(LlmRequest call, String reason) {
        if (reasons.size() < REASONS_SHOWN && reasons.add(reason)) {
            System.err.println("call " + call.label() + " failed: " + reason);
        }
    }

    @Override
    public boolean isStopRequested() {
        return stops.getAsBoolean();
    }

    @Override
    public void progress(RequestProgress totals) {
        boolean last = totals.settled() == totals.total();
        if (!last && totals.elapsedMs() - lastPrintedMs < BETWEEN_MS) {
            return;
        }
        lastPrintedMs = totals.elapsedMs();
        System.out.println(Html.format(
                "%,d of %,d calls, %,d answered now, %,d failed tries, %,d tokens, %s",
                totals.settled(),
                totals.total(),
                totals.answered(),
                totals.failures(),
                totals.tokens(),
                totals.remainingMs() < 0 ? "time left unknown" : Html.duration(totals.remainingMs() / 1e3) + " left"));
    }
}
