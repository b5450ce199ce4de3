package org.llava4j.server;

import java.util.List;
import org.llava4j.model.chat.PendingAnswer;
import org.llava4j.model.generate.TokenLogprobs;

/** An answer of a request while it is generated. */
final class RunningAnswer {
    private final int index;
    private final PendingAnswer pending;
    private int sentLogprobs;

    /** @param index of the choice */
    RunningAnswer(int index, PendingAnswer pending) {
        this.index = index;
        this.pending = pending;
    }

    int index() {
        return index;
    }

    PendingAnswer pending() {
        return pending;
    }

    /** Log-probabilities of the tokens since the last call. */
    List<TokenLogprobs> nextLogprobs() {
        List<TokenLogprobs> all = pending.logprobs();
        List<TokenLogprobs> next = List.copyOf(all.subList(sentLogprobs, all.size()));
        sentLogprobs += next.size();
        return next;
    }
}
