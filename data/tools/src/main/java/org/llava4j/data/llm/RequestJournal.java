package org.llava4j.data.llm;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;
import org.llava4j.data.JsonInput;

/**
 * Append-only journal of all requests of a dataset, as JSON lines. A line is forced to disk before a request is sent,
 * and another when it has ended. An incomplete last line, which a killed process leaves, is truncated; requests that
 * were in flight count as spent. Only one process at a time may write. Answers stay in the file and are read on demand.
 */
public final class RequestJournal implements Closeable {
    private static final JsonMapper JSON = new JsonMapper();

    private final Path file;
    private final FileChannel channel;
    private final Set<String> prefixHashes = new HashSet<>();
    private final Set<String> sentKeys = new HashSet<>();
    private final Map<String, Long> inFlight = new HashMap<>();
    private final Map<String, LineLocation> settled = new HashMap<>();
    private long answers;
    private long requests;
    private long tokens;
    private long end;

    /** Location in the file of the line that settles a request. */
    private record LineLocation(long offset, int bytes) {}

    private RequestJournal(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * Opens a journal for appending, or creates it.
     *
     * @throws BadInputException if it cannot be opened, or another run has locked it
     */
    static RequestJournal append(Path file) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            return load(file, channel, true);
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    /**
     * Opens a journal for reading.
     *
     * @throws BadInputException if it is missing or malformed
     */
    public static RequestJournal read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new BadInputException(file + ": no such journal; check the path");
        }
        try {
            return load(file, FileChannel.open(file), false);
        } catch (IOException e) {
            throw JsonInput.parseError(file.toString(), 0, e);
        }
    }

    private static RequestJournal load(Path file, FileChannel channel, boolean writes) throws IOException {
        RequestJournal journal = new RequestJournal(file, channel);
        return CloseOnFailure.run(channel, () -> {
            if (writes) {
                journal.lock();
            }
            journal.scan();
            if (writes && channel.size() > journal.end) {
                channel.truncate(journal.end);
            }
            return journal;
        });
    }

    private void lock() throws IOException {
        boolean free;
        try {
            free = channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            free = false;
        }
        if (!free) {
            throw new BadInputException(
                    file + ": another run writes this journal; wait until it ends, or name another one with --journal");
        }
    }

    private void scan() throws IOException {
        InputStream in = new BufferedInputStream(Channels.newInputStream(channel.position(0)), 1 << 16);
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        long start = 0;
        for (int number = 1; ; number++) {
            line.reset();
            int c = in.read();
            for (; c >= 0 && c != '\n'; c = in.read()) {
                line.write(c);
            }
            if (c < 0) {
                break; // end of the file, or an incomplete last line
            }
            apply(parse(line.toByteArray(), number), new LineLocation(start, line.size()));
            start += line.size() + 1;
            end = start;
        }
        // The process ended before a response arrived: the request may have been answered and charged.
        inFlight.values().forEach(bound -> tokens += bound);
        inFlight.clear();
    }

    private JournalLine parse(byte[] line, int number) {
        try {
            return JsonInput.requireValue(file + ", line " + number, JSON.readValue(line, JournalLine.class));
        } catch (IOException e) {
            throw JsonInput.parseError(file.toString(), number - 1, e);
        }
    }

    private void apply(JournalLine line, LineLocation location) {
        switch (line.event()) {
            case PREFIX -> prefixHashes.add(line.lead());
            case SENT -> {
                sentKeys.add(line.key());
                requests++;
                Long former = inFlight.put(line.key(), Objects.requireNonNull(line.boundTokens()));
                tokens += former == null ? 0 : former;
            }
            case ANSWERED, FAILED, REJECTED -> {
                inFlight.remove(line.key());
                tokens += Objects.requireNonNull(line.tokens());
                if (line.event() != JournalLine.Event.FAILED) {
                    settled.put(line.key(), location);
                }
                answers += line.event() == JournalLine.Event.ANSWERED ? 1 : 0;
            }
        }
    }

    /** Tests whether a request needs no further attempt: it was answered, or rejected for good. */
    synchronized boolean isSettled(String key) {
        return settled.containsKey(key);
    }

    /**
     * Returns the answer to a request.
     *
     * @return the answer, or null if the request was not answered
     */
    public @Nullable LlmAnswer answer(String key) {
        JournalLine line = settledLine(key);
        return line == null ? null : line.answer();
    }

    /**
     * Returns why a request was rejected for good.
     *
     * @return the reason, or null if the request was not rejected
     */
    public @Nullable String rejectionReason(String key) {
        JournalLine line = settledLine(key);
        return line == null ? null : line.reason();
    }

    private @Nullable JournalLine settledLine(String key) {
        LineLocation location;
        synchronized (this) {
            location = settled.get(key);
        }
        if (location == null) {
            return null;
        }
        ByteBuffer bytes = ByteBuffer.allocate(location.bytes);
        try {
            while (bytes.hasRemaining()) {
                if (channel.read(bytes, location.offset + bytes.position()) < 0) {
                    throw new BadInputException(file + ": was truncated while it was read; start again");
                }
            }
        } catch (IOException e) {
            throw JsonInput.parseError(file.toString(), 0, e);
        }
        return JsonInput.parse(file.toString(), bytes.array(), JournalLine.class);
    }

    /** Returns the number of answered requests. */
    public synchronized long answers() {
        return answers;
    }

    /** Returns the number of requests sent, retries included. */
    synchronized long requests() {
        return requests;
    }

    /** Returns the number of tokens spent; where the endpoint did not report it, the maximum. */
    synchronized long tokens() {
        return tokens;
    }

    /** Records that a request is about to be sent. */
    synchronized void sent(LlmRequest request, String key) {
        if (!prefixHashes.contains(request.prefix().hash())) {
            write(JournalLine.lead(request.prefix()));
        }
        write(JournalLine.sent(request, key, !sentKeys.contains(key)));
    }

    synchronized void answered(String key, LlmAnswer answer, long tokens) {
        write(JournalLine.answered(key, answer, tokens));
    }

    synchronized void failed(String key, boolean permanently, String reason, long tokens) {
        write(JournalLine.failed(key, permanently, reason, tokens));
    }

    private void write(JournalLine line) {
        try {
            byte[] text = (JSON.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8);
            ByteBuffer bytes = ByteBuffer.wrap(text);
            while (bytes.hasRemaining()) {
                channel.write(bytes, end + bytes.position());
            }
            channel.force(false);
            apply(line, new LineLocation(end, text.length - 1));
            end += text.length;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a journal line is always valid JSON", e);
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    private static BadInputException unwritable(Path file, IOException e) {
        return new BadInputException("cannot write " + file + " (" + e.getMessage() + "); is the disk full?", e);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }
}
