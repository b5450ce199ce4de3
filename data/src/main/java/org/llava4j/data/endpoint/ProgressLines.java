package org.llava4j.data.endpoint;

import org.llava4j.data.Html;

/** Says every few seconds how calls stand. */
final class ProgressLines implements CallListener {
    private static final long BETWEEN_MS = 5000;

    private long saidMs;

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
