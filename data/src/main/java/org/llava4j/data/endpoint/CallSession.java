package org.llava4j.data.endpoint;

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
public final class CallSession implements AutoCloseable {
    private static final Duration LONGEST_DRAIN = Duration.ofMinutes(2);

    private final CommandLine line;
    private final List<Path> files;
    private final List<CallJournal> journals = new ArrayList<>();
    private Optional<Asker> asker = Optional.empty();

    /** What is needed to send calls. */
    private record Asker(Endpoint endpoint, Quota quota, StopSignal signal) {}

    private CallSession(CommandLine line, List<Path> files) {
        this.line = line;
        this.files = files;
    }

    /** @param timeout of one answer, which bounds the wait for calls in flight */
    static CallSession asking(CommandLine line, List<Path> files, Endpoint endpoint, Limits limits, Duration timeout) {
        CallSession session = opened(line, files, CallJournal::append);
        Duration drain = timeout.compareTo(LONGEST_DRAIN) < 0 ? timeout : LONGEST_DRAIN;
        StopSignal signal = new StopSignal(
                "asked to stop: waiting for the calls in flight, at most " + drain.toSeconds() + " s",
                drain.plusSeconds(5));
        session.asker = Optional.of(new Asker(endpoint, Quota.of(limits, session.journals, Time.REAL), signal));
        return session;
    }

    /** A session that takes all answers from its journals. */
    static CallSession replaying(CommandLine line, List<Path> files) {
        return opened(line, files, CallJournal::read);
    }

    /** A session that only prints requests; no journal is opened. */
    static CallSession dryRun(CommandLine line) {
        return new CallSession(line, List.of());
    }

    private static CallSession opened(CommandLine line, List<Path> files, Function<Path, CallJournal> open) {
        CallSession session = new CallSession(line, List.copyOf(files));
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
    public Optional<CallJournal> ask(int number, Supplier<Iterator<ChatCall>> calls, long total) {
        boolean dryRun = journals.isEmpty();
        if (dryRun) {
            calls.get().forEachRemaining(call -> System.out.println(call.json()));
        }
        System.out.println(CallEstimate.of(calls.get()).text(line));
        if (dryRun) {
            return Optional.empty();
        }
        asker.ifPresent(with -> ask(with, number, calls.get(), total));
        return Optional.of(journals.get(number));
    }

    private void ask(Asker with, int number, Iterator<ChatCall> calls, long total) {
        ProgressLines progress = new ProgressLines(with.signal::asked);
        Optional<String> missing = new Calls(
                        with.endpoint, journals.get(number), with.quota, Retries.DEFAULT, Time.REAL, progress)
                .ask(calls, total);
        if (missing.isPresent()) {
            throw new BadInputException(missing.get() + "; what was answered is in " + files.get(number)
                    + ", call again to go on from there, or with --replay to make do with it");
        }
    }

    @Override
    public void close() {
        asker.ifPresent(with -> with.signal.close());
        journals.forEach(CallJournal::close);
    }
}
