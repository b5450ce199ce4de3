package org.llava4j.data.endpoint;

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
 * @param limits of rate and budget
 * @param retries of calls that fail for a while
 * @param time what waits ask
 * @param listener is told, and may stop the run
 */
public record Calls(
        Endpoint endpoint, CallJournal journal, Limits limits, Retries retries, Time time, CallListener listener) {

    /**
     * Asks all of them; the same question once.
     *
     * @param calls read by one thread at a time
     * @param total how many there are, for the time left
     * @return why some have no answer; empty if all are settled
     * @throws BadInputException if the journal cannot be written
     */
    public Optional<String> ask(Iterator<ChatCall> calls, long total) {
        CallRun run = new CallRun(this, calls, total);
        ExecutorService threads = Executors.newFixedThreadPool(limits.concurrency());
        try {
            List<Future<Void>> workers = Stream.generate(() -> threads.submit(run))
                    .limit(limits.concurrency())
                    .toList();
            for (Future<Void> worker : workers) {
                worker.get();
            }
            return run.verdict();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException own ? own : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.of("the run was interrupted");
        } finally {
            threads.shutdownNow();
        }
    }
}
