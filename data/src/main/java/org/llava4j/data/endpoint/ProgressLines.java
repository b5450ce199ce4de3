package org.llava4j.data.endpoint;

import java.util.HashSet;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.llava4j.data.Html;

/** Console progress of calls: counts every few seconds, and each new reason of a failure as it occurs. */
final class ProgressLines implements CallListener {
    private static final long BETWEEN_MS = 5000;
    private static final int REASONS_SHOWN = 5;

    private final BooleanSupplier stops;
    private final Set<String> reasons = new HashSet<>();
    private long saidMs;

    /** @param stops whether the user asked to stop */
    ProgressLines(BooleanSupplier stops) {
        this.stops = stops;
    }

    @Override
    public void failed(ChatCall call, String reason) {
        if (reasons.size() < REASONS_SHOWN && reasons.add(reason)) {
            System.err.println("call " + call.label() + " failed: " + reason);
        }
    }

    @Override
    public boolean stops() {
        return stops.getAsBoolean();
    }

    @Override
    public void progress(CallTotals totals) {
        boolean last = totals.settled() == totals.total();
        if (!last && totals.elapsedMs() - saidMs < BETWEEN_MS) {
            return;
        }
        saidMs = totals.elapsedMs();
        System.out.println(Html.fill(
                "%,d of %,d calls, %,d answered now, %,d failed tries, %,d tokens, %s",
                totals.settled(),
                totals.total(),
                totals.fresh(),
                totals.failures(),
                totals.tokens(),
                totals.leftMs() < 0 ? "time left unknown" : Html.duration(totals.leftMs() / 1e3) + " left"));
    }
}
