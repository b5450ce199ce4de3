package org.llava4j.data.endpoint;

import java.util.HashSet;
import java.util.Iterator;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.llava4j.data.endpoint.CallFailedException.Remedy;

/** One run of {@link Calls}; each of its threads calls it. */
final class CallRun implements Callable<Void> {
    // An endpoint that refused so many and has answered none refuses what they have in common.
    private static final int REFUSALS_IN_VAIN = 5;

    private final Calls with;
    private final CallJournal journal;
    private final Iterator<ChatCall> calls;
    private final long total;
    private final Budget budget;
    private final Pacer pacer;
    private final long beganMs;
    private final long tokensBefore;
    private final Set<String> seen = new HashSet<>();
    private long settled;
    private long fresh;
    private long failures;
    private long unanswered;
    private long refusals;
    private final FailureSummary failed = new FailureSummary();
    private volatile String ended;

    CallRun(Calls with, Iterator<ChatCall> calls, long total) {
        this.with = with;
        this.calls = calls;
        this.total = total;
        journal = with.journal();
        budget = with.quota().budget();
        pacer = with.quota().pacer();
        beganMs = with.time().millis();
        tokensBefore = journal.tokens();
    }

    @Override
    public Void call() throws InterruptedException {
        try {
            for (Optional<ChatCall> next = next(); next.isPresent(); next = next()) {
                ChatCall call = next.get();
                if (!settle(call, call.key())) {
                    lost();
                }
            }
            return null;
        } catch (RuntimeException | Error e) {
            // The other threads end too, after the call that each of them has in flight.
            end(String.valueOf(e.getMessage()));
            throw e;
        }
    }

    /** Why some have no answer; to ask when all threads have ended. */
    synchronized Optional<String> verdict() {
        if (unanswered == 0 && !calls.hasNext()) {
            return Optional.empty();
        }
        if (ended != null) {
            return Optional.of(ended);
        }
        if (with.listener().stops()) {
            return Optional.of("asked to stop");
        }
        return Optional.of(unanswered + " calls have no answer after "
                + with.retries().tries() + " tries each: " + failed.reasons());
    }

    private synchronized Optional<ChatCall> next() {
        while (!stops() && calls.hasNext()) {
            ChatCall call = calls.next();
            String key = call.key();
            if (seen.add(key)) {
                if (!journal.isSettled(key)) {
                    return Optional.of(call);
                }
                settled++;
            }
        }
        tell();
        return Optional.empty();
    }

    private boolean stops() {
        return ended != null || with.listener().stops();
    }

    /** Asks until there is an answer, or none will come. @return whether the call is settled */
    private boolean settle(ChatCall call, String key) throws InterruptedException {
        for (int tries = 0; ; ) {
            if (!mayBeSent(call)) {
                return false;
            }
            try {
                journal.sent(call, key);
                ChatAnswer answer = with.endpoint().ask(call);
                long tokens = answer.tokens(call.boundTokens());
                budget.settle(call.boundTokens(), tokens);
                journal.answered(key, answer, tokens);
                answered();
                return true;
            } catch (CallFailedException e) {
                long tokens = e.mayBeCharged() ? call.boundTokens() : 0;
                budget.settle(call.boundTokens(), tokens);
                if (failed(call, key, e, tokens)) {
                    return true;
                }
                tries++;
                e.retryAfter().ifPresent(asked -> pacer.hold(asked.toMillis()));
                if (tries == with.retries().tries()) {
                    gaveUp(e.getMessage());
                    return false;
                }
                long waitMs = with.retries().waitMs(tries, key, e.retryAfter());
                if (!with.time().waitUntil(with.time().millis() + waitMs, this::stops)) {
                    return false;
                }
            }
        }
    }

    /** Waits for a place in time, then for a share of the budget. */
    private boolean mayBeSent(ChatCall call) throws InterruptedException {
        long moment = pacer.place(call.expectedTokens());
        do {
            if (!with.time().waitUntil(Math.max(moment, pacer.held()), this::stops)) {
                return false;
            }
        } while (pacer.held() > with.time().millis());
        boolean taken = budget.take(call.boundTokens());
        if (stops()) {
            if (taken) {
                budget.giveBack(call.boundTokens());
            }
            return false;
        }
        if (!taken) {
            end(budget.left() + latestFailure());
        }
        return taken;
    }

    private synchronized void answered() {
        fresh++;
        settled++;
        tell();
    }

    private synchronized void lost() {
        unanswered++;
    }

    private synchronized void gaveUp(String reason) {
        failed.gaveUp(reason);
    }

    private synchronized String latestFailure() {
        return failed.latest();
    }

    /** Writes a failure down. @return whether the call is settled by it */
    private synchronized boolean failed(ChatCall call, String key, CallFailedException e, long tokens) {
        failures++;
        failed.tried(e.getMessage());
        boolean never = e.remedy() == Remedy.NEVER;
        // While nothing was ever answered, a refusal may be about all calls; it is not held against this one.
        boolean forEver = never && journal.answers() > 0;
        journal.failed(key, forEver, e.getMessage(), tokens);
        with.listener().failed(call, e.getMessage());
        if (e.remedy() == Remedy.STOP) {
            end(e.getMessage());
        } else if (e.retryAfter()
                .filter(asked -> asked.compareTo(Retries.LONGEST_ASKED) > 0)
                .isPresent()) {
            end(e.getMessage() + "; it asks to come back in "
                    + e.retryAfter().get().toMinutes() + " minutes");
        } else if (never && !forEver && ++refusals >= REFUSALS_IN_VAIN) {
            end("nothing was answered yet and " + refusals + " calls were refused, the last because " + e.getMessage());
        }
        settled += forEver ? 1 : 0;
        tell();
        return forEver;
    }

    /** Ends the run: calls in flight are finished, no further one is sent. */
    void end(String reason) {
        synchronized (this) {
            ended = ended == null ? reason : ended;
        }
        budget.close();
    }

    private void tell() {
        with.listener()
                .progress(new CallTotals(
                        total,
                        settled,
                        fresh,
                        failures,
                        journal.tokens() - tokensBefore,
                        with.time().millis() - beganMs));
    }
}
