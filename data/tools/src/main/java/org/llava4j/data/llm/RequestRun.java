package org.llava4j.data.llm;

import java.time.Duration;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.llm.RequestFailedException.FailureAction;

/** One run of a {@link RequestRunner}, executed by each of its threads. */
final class RequestRun implements Callable<Void> {
    // The run stops if the endpoint rejects this many requests and has answered none.
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
    private volatile @Nullable String stopReason;

    RequestRun(RequestRunner runner, Iterator<LlmRequest> requests, long total) {
        this.runner = runner;
        this.requests = requests;
        this.total = total;
        journal = runner.journal();
        budget = runner.quota().budget();
        rateLimiter = runner.quota().rateLimiter();
        startMs = runner.clock().millis();
        tokensBefore = journal.tokens();
    }

    @Override
    public Void call() throws InterruptedException {
        try {
            for (LlmRequest request = next(); request != null; request = next()) {
                if (!settle(request, request.key())) {
                    countUnanswered();
                }
            }
            return null;
        } catch (RuntimeException | Error e) {
            // The other threads also stop, each after its request in flight.
            stop(String.valueOf(e.getMessage()));
            throw e;
        }
    }

    /**
     * Returns why some requests have no answer; call it when all threads have ended.
     *
     * @return the reason, or null if all requests are settled
     */
    synchronized @Nullable String failureReason() {
        if (unanswered == 0 && !requests.hasNext()) {
            return null;
        }
        if (stopReason != null) {
            return stopReason;
        }
        if (runner.listener().isStopRequested()) {
            return "a stop was requested";
        }
        return unanswered + " requests have no answer after "
                + runner.retryPolicy().maxAttempts() + " attempts each: " + failed.reasons();
    }

    /** Returns the next request to send, or null if there is none or the run stops. */
    private synchronized @Nullable LlmRequest next() {
        while (!isStopping() && requests.hasNext()) {
            LlmRequest request = requests.next();
            String key = request.key();
            if (seen.add(key)) {
                if (!journal.isSettled(key)) {
                    return request;
                }
                settled++;
            }
        }
        reportProgress();
        return null;
    }

    private boolean isStopping() {
        return stopReason != null || runner.listener().isStopRequested();
    }

    /**
     * Sends a request until it is answered or given up.
     *
     * @return whether the request is settled
     */
    private boolean settle(LlmRequest request, String key) throws InterruptedException {
        for (int attempts = 0; ; ) {
            if (!awaitPermission(request)) {
                return false;
            }
            try {
                journal.sent(request, key);
                LlmAnswer answer = runner.endpoint().complete(request);
                long tokens = answer.tokens(request.maxTotalTokens());
                budget.settle(request.maxTotalTokens(), tokens);
                journal.answered(key, answer, tokens);
                answered();
                return true;
            } catch (RequestFailedException e) {
                long tokens = e.mayBeCharged() ? request.maxTotalTokens() : 0;
                budget.settle(request.maxTotalTokens(), tokens);
                if (failed(request, key, e, tokens)) {
                    return true;
                }
                attempts++;
                Duration wait = e.retryAfter();
                if (wait != null) {
                    rateLimiter.pauseFor(wait.toMillis());
                }
                if (attempts == runner.retryPolicy().maxAttempts()) {
                    gaveUp(e.getMessage());
                    return false;
                }
                long waitMs = runner.retryPolicy().backoffMs(attempts, key, wait);
                if (!runner.clock().waitUntil(runner.clock().millis() + waitMs, this::isStopping)) {
                    return false;
                }
            }
        }
    }

    /** Waits for the rate limiter, then reserves a share of the budget. */
    private boolean awaitPermission(LlmRequest request) throws InterruptedException {
        long moment = rateLimiter.reserve(request.expectedTokens());
        do {
            if (!runner.clock().waitUntil(Math.max(moment, rateLimiter.pausedUntil()), this::isStopping)) {
                return false;
            }
        } while (rateLimiter.pausedUntil() > runner.clock().millis());
        boolean reserved = budget.reserve(request.maxTotalTokens());
        if (isStopping()) {
            if (reserved) {
                budget.release(request.maxTotalTokens());
            }
            return false;
        }
        if (!reserved) {
            stop(budget.exhaustedReason() + latestFailure());
        }
        return reserved;
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

    /**
     * Records a failed attempt.
     *
     * @return whether it settles the request
     */
    private synchronized boolean failed(LlmRequest request, String key, RequestFailedException e, long tokens) {
        failures++;
        failed.tried(e.getMessage());
        boolean rejected = e.action() == FailureAction.REJECT;
        // While no request was ever answered, a rejection may concern all requests; it does not settle this one.
        boolean permanently = rejected && journal.answers() > 0;
        journal.failed(key, permanently, e.getMessage(), tokens);
        runner.listener().failed(request, e.getMessage());
        Duration wait = e.retryAfter();
        if (e.action() == FailureAction.ABORT) {
            stop(e.getMessage());
        } else if (wait != null && wait.compareTo(RetryPolicy.MAX_RETRY_AFTER) > 0) {
            stop(e.getMessage() + "; the endpoint requests a retry after " + wait.toMinutes() + " minutes");
        } else if (rejected && !permanently && ++rejections >= MAX_INITIAL_REJECTIONS) {
            stop("no request was answered and " + rejections + " were rejected, the last because " + e.getMessage());
        }
        settled += permanently ? 1 : 0;
        reportProgress();
        return permanently;
    }

    /** Stops the run: requests in flight are completed, no further one is sent. */
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
