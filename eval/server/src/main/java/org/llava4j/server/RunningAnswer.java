package org.llava4j.server;

import java.util.ArrayList;
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

    /** Log-probabilities of the tokens since the last call. The list grows meanwhile, which a view of it does not allow. */
    List<TokenLogprobs> nextLogprobs() {
        List<TokenLogprobs> all = pending.logprobs();
        List<TokenLogprobs> next = new ArrayList<>();
        for (int size = all.size(); sentLogprobs < size; sentLogprobs++) {
            next.add(all.get(sentLogprobs));
        }
        return next;
    }
}
