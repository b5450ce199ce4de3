package org.llava4j.data.llm;

import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.llava4j.data.BadInputException;

/**
 * Asks many calls, some at the same time, and writes each into a journal. What the journal has settled is not asked;
 * what fails for a while is asked again; what the budget does not allow is not sent.
 *
 * @param endpoint who answers
 * @param journal what was asked before, and where the rest is written
 * @param quota rate limiter and budget, which several runs may share
 * @param retryPolicy of calls that fail for a while
 * @param clock what waits ask
 * @param listener is told, and may stop the run
 */
public record RequestRunner(
        LlmClient endpoint,
        RequestJournal journal,
        Quota quota,
        RetryPolicy retryPolicy,
        MonotonicClock clock,
        RequestListener listener) {

    /** Calls with a quota of their own. */
    public RequestRunner(
            LlmClient endpoint,
            RequestJournal journal,
            RequestLimits limits,
            RetryPolicy retries,
            MonotonicClock time,
            RequestListener listener) {
        this(endpoint, journal, Quota.of(limits, List.of(journal), time), retries, time, listener);
    }

    /**
     * Asks all of them; the same question once. Whatever ends the run early, calls in flight are waited for, so that
     * their answers are in the journal when this returns.
     *
     * @param calls read by one thread at a time
     * @param total how many there are, for the time left
     * @return why some have no answer; empty if all are settled
     * @throws BadInputException if the journal cannot be written
     */
    public Optional<String> run(Iterator<LlmRequest> calls, long total) {
        RequestRun run = new RequestRun(this, calls, total);
        ExecutorService threads = Executors.newFixedThreadPool(quota.concurrency());
        try {
            List<Future<Void>> workers = Stream.generate(() -> threads.submit(run))
                    .limit(quota.concurrency())
                    .toList();
            Optional<Throwable> failure = Optional.empty();
            for (Future<Void> worker : workers) {
                Optional<Throwable> own = await(worker, run);
                failure = failure.or(() -> own);
            }
            if (failure.isPresent()) {
                throw failure.get() instanceof RuntimeException own ? own : new IllegalStateException(failure.get());
            }
            return run.failureReason();
        } catch (RuntimeException | Error e) {
            // Also where a thread could not be made: those that were made must not go on with paid calls.
            run.stop("the run failed");
            throw e;
        } finally {
            threads.shutdown();
        }
    }

    /** Waits for a worker, even if this thread is interrupted, which ends the run. @return what the worker threw */
    private static Optional<Throwable> await(Future<Void> worker, RequestRun run) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    worker.get();
                    return Optional.empty();
                } catch (ExecutionException e) {
                    return Optional.of(e.getCause());
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
