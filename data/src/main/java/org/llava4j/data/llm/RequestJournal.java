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
import java.util.Optional;
import java.util.Set;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;

/**
 * Every call that was ever made for a purpose, as JSON lines that are only ever appended and forced to the disk one by
 * one: before a call is sent, and when it has ended. A last line that a killed process did not finish is cut off; what
 * had been sent then counts as spent. One process at a time may write. Answers stay in the file until they are asked
 * for.
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

    /** Where the line lies that settles a call. */
    private record LineLocation(long offset, int bytes) {}

    private RequestJournal(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** Opens a journal to go on with, or begins one. @throws BadInputException if it cannot, or another run has it */
    public static RequestJournal append(Path file) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            return load(file, channel, true);
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    /** Opens a journal for its answers only. @throws BadInputException if there is none or it is broken */
    public static RequestJournal read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new BadInputException(file + ": no such journal of calls; check the path");
        }
        try {
            return load(file, FileChannel.open(file), false);
        } catch (IOException e) {
            throw JsonInput.parseError(file.toString(), 0, e);
        }
    }

    private static RequestJournal load(Path file, FileChannel channel, boolean writes) throws IOException {
        RequestJournal journal = new RequestJournal(file, channel);
        boolean whole = false;
        try {
            if (writes) {
                journal.lock();
            }
            journal.scan();
            if (writes && channel.size() > journal.end) {
                channel.truncate(journal.end);
            }
            whole = true;
            return journal;
        } finally {
            if (!whole) {
                channel.close();
            }
        }
    }

    private void lock() throws IOException {
        boolean free;
        try {
            free = channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            free = false;
        }
        if (!free) {
            throw new BadInputException(file + ": another run writes this journal; wait for it, or give --journal");
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
                break; // nothing, or what a killed process left of its last line
            }
            apply(parse(line.toByteArray(), number), new LineLocation(start, line.size()));
            start += line.size() + 1;
            end = start;
        }
        // Sent, and the process ended before anything came back: it may have been answered and counted.
        inFlight.values().forEach(bound -> tokens += bound);
        inFlight.clear();
    }

    private JournalLine parse(byte[] line, int number) {
        try {
            return JSON.readValue(line, JournalLine.class);
        } catch (IOException e) {
            throw JsonInput.parseError(file.toString(), number - 1, e);
        }
    }

    private void apply(JournalLine line, LineLocation place) {
        switch (line.event()) {
            case PREFIX -> prefixHashes.add(line.lead());
            case SENT -> {
                sentKeys.add(line.key());
                requests++;
                Long former = inFlight.put(line.key(), line.boundTokens());
                tokens += former == null ? 0 : former;
            }
            case ANSWERED, FAILED, REJECTED -> {
                inFlight.remove(line.key());
                tokens += line.tokens();
                if (line.event() != JournalLine.Event.FAILED) {
                    settled.put(line.key(), place);
                }
                answers += line.event() == JournalLine.Event.ANSWERED ? 1 : 0;
            }
        }
    }

    /** Whether a call needs never be sent again: it was answered, or never will be. */
    public synchronized boolean isSettled(String key) {
        return settled.containsKey(key);
    }

    /** The answer to a call, if it was answered. */
    public Optional<LlmAnswer> answer(String key) {
        return settledLine(key).map(JournalLine::answer);
    }

    /** Why a call will never be answered, if so. */
    public Optional<String> rejectionReason(String key) {
        return settledLine(key).map(JournalLine::reason);
    }

    private Optional<JournalLine> settledLine(String key) {
        LineLocation place;
        synchronized (this) {
            place = settled.get(key);
        }
        if (place == null) {
            return Optional.empty();
        }
        ByteBuffer bytes = ByteBuffer.allocate(place.bytes);
        try {
            while (bytes.hasRemaining()) {
                if (channel.read(bytes, place.offset + bytes.position()) < 0) {
                    throw new BadInputException(file + ": has become shorter while it was read; start again");
                }
            }
        } catch (IOException e) {
            throw JsonInput.parseError(file.toString(), 0, e);
        }
        return Optional.of(JsonInput.parse(file.toString(), bytes.array(), JournalLine.class));
    }

    /** How many calls were answered. */
    public synchronized long answers() {
        return answers;
    }

    /** How many requests were sent, repeated ones counted again. */
    public synchronized long requests() {
        return requests;
    }

    /** How many tokens were spent, or may have been where nobody can say. */
    public synchronized long tokens() {
        return tokens;
    }

    /** Writes down that a call is about to be sent. */
    synchronized void sent(LlmRequest call, String key) {
        if (!prefixHashes.contains(call.prefix().hash())) {
            write(JournalLine.lead(call.prefix()));
        }
        write(JournalLine.sent(call, key, !sentKeys.contains(key)));
    }

    synchronized void answered(String key, LlmAnswer answer, long tokens) {
        write(JournalLine.answered(key, answer, tokens));
    }

    synchronized void failed(String key, boolean forEver, String reason, long tokens) {
        write(JournalLine.failed(key, forEver, reason, tokens));
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
            throw new IllegalStateException("a record of texts and numbers is always JSON", e);
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
