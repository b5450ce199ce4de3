package org.llava4j.data.llm;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.commons.cli.CommandLine;
import org.jspecify.annotations.Nullable;
import org.llava4j.cli.StopSignal;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;

/**
 * Session of one command at an LLM endpoint. Its journals are opened, and so checked and locked, before the first
 * request; all requests share one budget and one rate limiter. SIGTERM and Ctrl-C end it after the requests in flight,
 * whose answers are journaled.
 */
public final class RequestSession implements AutoCloseable {
    private static final Duration MAX_DRAIN = Duration.ofMinutes(2);

    private final CommandLine line;
    private final List<Path> files;
    private final List<RequestJournal> journals = new ArrayList<>();
    private @Nullable Sender sender;

    /** Means to send requests. */
    private record Sender(LlmClient endpoint, Quota quota, StopSignal signal) {}

    private RequestSession(CommandLine line, List<Path> files) {
        this.line = line;
        this.files = files;
    }

    /**
     * Opens a session that sends requests.
     *
     * @param timeout of one answer, which bounds the wait for requests in flight
     */
    static RequestSession sending(
            CommandLine line, List<Path> files, LlmClient endpoint, RequestLimits limits, Duration timeout) {
        RequestSession session = opened(line, files, RequestJournal::append);
        Duration drain = timeout.compareTo(MAX_DRAIN) < 0 ? timeout : MAX_DRAIN;
        StopSignal signal = new StopSignal(
                "stopping: waiting for the requests in flight, at most " + drain.toSeconds() + " s",
                drain.plusSeconds(5));
        session.sender = new Sender(endpoint, Quota.of(limits, session.journals, MonotonicClock.SYSTEM), signal);
        return session;
    }

    /** Opens a session that takes all answers from its journals. */
    static RequestSession replaying(CommandLine line, List<Path> files) {
        return opened(line, files, RequestJournal::read);
    }

    /** Opens a session that only prints requests; no journal is opened. */
    static RequestSession dryRun(CommandLine line) {
        return new RequestSession(line, List.of());
    }

    private static RequestSession opened(CommandLine line, List<Path> files, Function<Path, RequestJournal> open) {
        RequestSession session = new RequestSession(line, List.copyOf(files));
        return CloseOnFailure.run(session, () -> {
            files.forEach(file -> session.journals.add(open.apply(file)));
            return session;
        });
    }

    /**
     * Sends the requests that a journal lacks; a replay sends nothing.
     *
     * @param number index of the journal
     * @param requests read once for the estimate and once to be sent
     * @return the journal with the answers, or null in a dry run
     * @throws BadInputException if some requests have no answer
     */
    public @Nullable RequestJournal run(int number, Supplier<Iterator<LlmRequest>> requests, long total) {
        boolean dryRun = journals.isEmpty();
        if (dryRun) {
            requests.get().forEachRemaining(request -> System.out.println(request.json()));
        }
        System.out.println(RequestEstimate.of(requests.get()).text(line));
        if (dryRun) {
            return null;
        }
        if (sender != null) {
            run(sender, number, requests.get(), total);
        }
        return journals.get(number);
    }

    private void run(Sender sender, int number, Iterator<LlmRequest> requests, long total) {
        ConsoleProgress progress = new ConsoleProgress(sender.signal::received);
        String missing = new RequestRunner(
                        sender.endpoint,
                        journals.get(number),
                        sender.quota,
                        RetryPolicy.DEFAULT,
                        MonotonicClock.SYSTEM,
                        progress)
                .run(requests, total);
        if (missing != null) {
            throw new BadInputException(missing + "; the answers so far are in " + files.get(number)
                    + ", run the command again to resume, or with --replay to use these alone");
        }
    }

    @Override
    public void close() {
        if (sender != null) {
            sender.signal.close();
        }
        journals.forEach(RequestJournal::close);
    }
}
