package org.llava4j.data.llm;

import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;

/**
 * Concurrent runner of many requests, which records each in a journal. Requests that the journal has settled are not
 * sent. Transient failures are retried. Requests beyond the budget are not sent.
 *
 * @param endpoint the LLM client
 * @param journal record of requests and answers, of earlier runs too
 * @param quota rate limiter and budget, which several runs may share
 * @param retryPolicy of transient failures
 * @param clock source of time for waits
 * @param listener callbacks; may stop the run
 */
record RequestRunner(
        LlmClient endpoint,
        RequestJournal journal,
        Quota quota,
        RetryPolicy retryPolicy,
        MonotonicClock clock,
        RequestListener listener) {

    /** Creates a runner with a quota of its own. */
    public RequestRunner(
            LlmClient endpoint,
            RequestJournal journal,
            RequestLimits limits,
            RetryPolicy retryPolicy,
            MonotonicClock clock,
            RequestListener listener) {
        this(endpoint, journal, Quota.of(limits, List.of(journal), clock), retryPolicy, clock, listener);
    }

    /**
     * Sends all requests; duplicates are sent once. Even if the run stops early, requests in flight are completed, so
     * that their answers are in the journal when this returns.
     *
     * @param requests read by one thread at a time
     * @param total number of requests, for the remaining time
     * @return why some requests have no answer, or null if all are settled
     * @throws BadInputException if the journal cannot be written
     */
    @Nullable
    String run(Iterator<LlmRequest> requests, long total) {
        RequestRun run = new RequestRun(this, requests, total);
        ExecutorService threads = Executors.newFixedThreadPool(quota.concurrency());
        try {
            List<Future<Void>> workers = Stream.generate(() -> threads.submit(run))
                    .limit(quota.concurrency())
                    .toList();
            ExecutionException failure = null;
            for (Future<Void> worker : workers) {
                ExecutionException thrown = await(worker, run);
                failure = failure == null ? thrown : failure;
            }
            if (failure != null) {
                throw failure.getCause() instanceof RuntimeException unchecked
                        ? unchecked
                        : new IllegalStateException(failure.getCause());
            }
            return run.failureReason();
        } catch (RuntimeException | Error e) {
            // Also if a thread could not be created: the others must not go on sending paid requests.
            run.stop("the run failed");
            throw e;
        } finally {
            threads.shutdown();
        }
    }

    /**
     * Waits for a worker, even if this thread is interrupted, which stops the run.
     *
     * @return the failure of the worker, or null if it succeeded
     */
    private static @Nullable ExecutionException await(Future<Void> worker, RequestRun run) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    worker.get();
                    return null;
                } catch (ExecutionException e) {
                    return e;
                } catch (InterruptedException e) {
                    interrupted = true;
                    run.stop("the run was interrupted");
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
