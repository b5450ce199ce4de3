package org.llava4j.data.llm;

import java.util.HashSet;
import java.util.Iterator;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.llava4j.data.llm.RequestFailedException.FailureAction;

/** One run of {@link RequestRunner}; each of its threads calls it. */
final class RequestRun implements Callable<Void> {
    // An endpoint that refused so many and has answered none refuses what they have in common.
    private static final int MAX_INITIAL_REJECTIONS = 5;

    private final RequestRunner runner;
    private final RequestJournal journal;
    private final Iterator<LlmRequest> requests;
    private final long total;
    private final Budget budget;
    private final RateLimiter rateLimiter;
    private final long startMs;
    private final long tokensBefore;
    private final Set<String> seen = new HashSet<>();
    private long settled;
    private long answered;
    private long failures;
    private long unanswered;
    private long rejections;
    private final FailureSummary failed = new FailureSummary();
    private volatile String stopReason;

    RequestRun(RequestRunner with, Iterator<LlmRequest> calls, long total) {
        this.runner = with;
        this.requests = calls;
        this.total = total;
        journal = with.journal();
        budget = with.quota().budget();
        rateLimiter = with.quota().rateLimiter();
        startMs = with.clock().millis();
        tokensBefore = journal.tokens();
    }

    @Override
    public Void call() throws InterruptedException {
        try {
            for (Optional<LlmRequest> next = next(); next.isPresent(); next = next()) {
                LlmRequest call = next.get();
                if (!settle(call, call.key())) {
                    countUnanswered();
                }
            }
            return null;
        } catch (RuntimeException | Error e) {
            // The other threads end too, after the call that each of them has in flight.
            stop(String.valueOf(e.getMessage()));
            throw e;
        }
    }

    /** Why some have no answer; to ask when all threads have ended. */
    synchronized Optional<String> failureReason() {
        if (unanswered == 0 && !requests.hasNext()) {
            return Optional.empty();
        }
        if (stopReason != null) {
            return Optional.of(stopReason);
        }
        if (runner.listener().isStopRequested()) {
            return Optional.of("asked to stop");
        }
        return Optional.of(unanswered + " calls have no answer after "
                + runner.retryPolicy().maxAttempts() + " tries each: " + failed.reasons());
    }

    private synchronized Optional<LlmRequest> next() {
        while (!isStopping() && requests.hasNext()) {
            LlmRequest call = requests.next();
            String key = call.key();
            if (seen.add(key)) {
                if (!journal.isSettled(key)) {
                    return Optional.of(call);
                }
                settled++;
            }
        }
        reportProgress();
        return Optional.empty();
    }

    private boolean isStopping() {
        return stopReason != null || runner.listener().isStopRequested();
    }

    /** Asks until there is an answer, or none will come. @return whether the call is settled */
    private boolean settle(LlmRequest call, String key) throws InterruptedException {
        for (int tries = 0; ; ) {
            if (!awaitPermission(call)) {
                return false;
            }
            try {
                journal.sent(call, key);
                LlmAnswer answer = runner.endpoint().complete(call);
                long tokens = answer.tokens(call.maxTotalTokens());
                budget.settle(call.maxTotalTokens(), tokens);
                journal.answered(key, answer, tokens);
                answered();
                return true;
            } catch (RequestFailedException e) {
                long tokens = e.mayBeCharged() ? call.maxTotalTokens() : 0;
                budget.settle(call.maxTotalTokens(), tokens);
                if (failed(call, key, e, tokens)) {
                    return true;
                }
                tries++;
                e.retryAfter().ifPresent(asked -> rateLimiter.pauseFor(asked.toMillis()));
                if (tries == runner.retryPolicy().maxAttempts()) {
                    gaveUp(e.getMessage());
                    return false;
                }
                long waitMs = runner.retryPolicy().backoffMs(tries, key, e.retryAfter());
                if (!runner.clock().waitUntil(runner.clock().millis() + waitMs, this::isStopping)) {
                    return false;
                }
            }
        }
    }

    /** Waits for a place in time, then for a share of the budget. */
    private boolean awaitPermission(LlmRequest call) throws InterruptedException {
        long moment = rateLimiter.reserve(call.expectedTokens());
        do {
            if (!runner.clock().waitUntil(Math.max(moment, rateLimiter.pausedUntil()), this::isStopping)) {
                return false;
            }
        } while (rateLimiter.pausedUntil() > runner.clock().millis());
        boolean taken = budget.reserve(call.maxTotalTokens());
        if (isStopping()) {
            if (taken) {
                budget.release(call.maxTotalTokens());
            }
            return false;
        }
        if (!taken) {
            stop(budget.exhaustedReason() + latestFailure());
        }
        return taken;
    }

    private synchronized void answered() {
        answered++;
        settled++;
        reportProgress();
    }

    private synchronized void countUnanswered() {
        unanswered++;
    }

    private synchronized void gaveUp(String reason) {
        failed.gaveUp(reason);
    }

    private synchronized String latestFailure() {
        return failed.latest();
    }

    /** Writes a failure down. @return whether the call is settled by it */
    private synchronized boolean failed(LlmRequest call, String key, RequestFailedException e, long tokens) {
        failures++;
        failed.tried(e.getMessage());
        boolean never = e.action() == FailureAction.REJECT;
        // While nothing was ever answered, a refusal may be about all calls; it is not held against this one.
        boolean forEver = never && journal.answers() > 0;
        journal.failed(key, forEver, e.getMessage(), tokens);
        runner.listener().failed(call, e.getMessage());
        if (e.action() == FailureAction.ABORT) {
            stop(e.getMessage());
        } else if (e.retryAfter()
                .filter(asked -> asked.compareTo(RetryPolicy.MAX_RETRY_AFTER) > 0)
                .isPresent()) {
            stop(e.getMessage() + "; it asks to come back in "
                    + e.retryAfter().get().toMinutes() + " minutes");
        } else if (never && !forEver && ++rejections >= MAX_INITIAL_REJECTIONS) {
            stop("nothing was answered yet and " + rejections + " calls were refused, the last because "
                    + e.getMessage());
        }
        settled += forEver ? 1 : 0;
        reportProgress();
        return forEver;
    }

    /** Ends the run: calls in flight are finished, no further one is sent. */
    void stop(String reason) {
        synchronized (this) {
            stopReason = stopReason == null ? reason : stopReason;
        }
        budget.close();
    }

    private void reportProgress() {
        runner.listener()
                .progress(new RequestProgress(
                        total,
                        settled,
                        answered,
                        failures,
                        journal.tokens() - tokensBefore,
                        runner.clock().millis() - startMs));
    }
}
