package org.llava4j.data.llm;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.commons.cli.CommandLine;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.StopSignal;

/**
 * One command's use of an endpoint. Its journals are opened, and so checked and locked, before the first call; all calls
 * share one budget and one rate limiter. SIGTERM and Ctrl-C end it after the calls in flight, whose answers are journaled.
 */
public final class RequestSession implements AutoCloseable {
    private static final Duration MAX_DRAIN = Duration.ofMinutes(2);

    private final CommandLine line;
    private final List<Path> files;
    private final List<RequestJournal> journals = new ArrayList<>();
    private Optional<Sender> sender = Optional.empty();

    /** What is needed to send calls. */
    private record Sender(LlmClient endpoint, Quota quota, StopSignal signal) {}

    private RequestSession(CommandLine line, List<Path> files) {
        this.line = line;
        this.files = files;
    }

    /** @param timeout of one answer, which bounds the wait for calls in flight */
    static RequestSession sending(
            CommandLine line, List<Path> files, LlmClient endpoint, RequestLimits limits, Duration timeout) {
        RequestSession session = opened(line, files, RequestJournal::append);
        Duration drain = timeout.compareTo(MAX_DRAIN) < 0 ? timeout : MAX_DRAIN;
        StopSignal signal = new StopSignal(
                "asked to stop: waiting for the calls in flight, at most " + drain.toSeconds() + " s",
                drain.plusSeconds(5));
        session.sender =
                Optional.of(new Sender(endpoint, Quota.of(limits, session.journals, MonotonicClock.SYSTEM), signal));
        return session;
    }

    /** A session that takes all answers from its journals. */
    static RequestSession replaying(CommandLine line, List<Path> files) {
        return opened(line, files, RequestJournal::read);
    }

    /** A session that only prints requests; no journal is opened. */
    static RequestSession dryRun(CommandLine line) {
        return new RequestSession(line, List.of());
    }

    private static RequestSession opened(CommandLine line, List<Path> files, Function<Path, RequestJournal> open) {
        RequestSession session = new RequestSession(line, List.copyOf(files));
        boolean whole = false;
        try {
            files.forEach(file -> session.journals.add(open.apply(file)));
            whole = true;
            return session;
        } finally {
            if (!whole) {
                session.close();
            }
        }
    }

    /**
     * Asks what a journal lacks; in a replay asks nothing.
     *
     * @param number of the journal, from 0
     * @param calls read once for the estimate, once to be asked
     * @return the journal with the answers; empty in a dry run
     * @throws BadInputException if some calls have no answer yet
     */
    public Optional<RequestJournal> run(int number, Supplier<Iterator<LlmRequest>> calls, long total) {
        boolean dryRun = journals.isEmpty();
        if (dryRun) {
            calls.get().forEachRemaining(call -> System.out.println(call.json()));
        }
        System.out.println(RequestEstimate.of(calls.get()).text(line));
        if (dryRun) {
            return Optional.empty();
        }
        sender.ifPresent(with -> run(with, number, calls.get(), total));
        return Optional.of(journals.get(number));
    }

    private void run(Sender with, int number, Iterator<LlmRequest> calls, long total) {
        ConsoleProgress progress = new ConsoleProgress(with.signal::received);
        Optional<String> missing = new RequestRunner(
                        with.endpoint,
                        journals.get(number),
                        with.quota,
                        RetryPolicy.DEFAULT,
                        MonotonicClock.SYSTEM,
                        progress)
                .run(calls, total);
        if (missing.isPresent()) {
            throw new BadInputException(missing.get() + "; what was answered is in " + files.get(number)
                    + ", call again to go on from there, or with --replay to make do with it");
        }
    }

    @Override
    public void close() {
        sender.ifPresent(with -> with.signal.close());
        journals.forEach(RequestJournal::close);
    }
}
