package org.llava4j.train.logging;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.llava4j.data.BadInputException;
import org.llava4j.train.Trainer;

/**
 * Metrics log of a run: {@code metrics.jsonl}, one JSON object per line, in step order.
 *
 * <p>It is part of each checkpoint and of the output. Lines that cannot be written (full disk) stay in memory and are
 * written with the next line; checkpoints and the end of the run require them to be on disk.
 */
public final class MetricsLog implements TrainingListener, AutoCloseable {
    public static final String FILE = "metrics.jsonl";
    private static final String LEARNING_RATE = "learning_rate";

    private final Path file;
    private final Consumer<String> notices;
    private final StringBuilder pending = new StringBuilder();
    private long writtenBytes;
    private boolean reported;

    private MetricsLog(Path file, Consumer<String> notices, long writtenBytes) {
        this.file = file;
        this.notices = notices;
        this.writtenBytes = writtenBytes;
    }

    /**
     * Opens a log and appends to it.
     *
     * @param notices receives a line the first time that the file cannot be written
     * @throws BadInputException if it cannot be opened
     */
    public static MetricsLog of(Path file, Consumer<String> notices) {
        try (FileChannel channel = open(file)) {
            return new MetricsLog(file, notices, channel.size());
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    private static FileChannel open(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    /**
     * Reads the accepted steps of a log, also of one that an older version wrote.
     *
     * @throws BadInputException if it is missing or broken
     */
    public static List<Trainer.Step> steps(Path file) {
        List<Trainer.Step> steps = new ArrayList<>();
        read(file, values -> {
            if (values.has("loss")) {
                steps.add(new Trainer.Step(
                        values.path("step").intValue(),
                        values.path("loss").doubleValue(),
                        values.path("grad_norm").doubleValue(),
                        learningRate(values).doubleValue()));
            }
        });
        return steps;
    }

    /**
     * Reads a log line by line.
     *
     * @throws BadInputException if it is missing or broken
     */
    static void read(Path file, Consumer<JsonNode> onLine) {
        ObjectMapper json = new ObjectMapper();
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                onLine.accept(json.readTree(line));
            }
        } catch (IOException e) {
            throw new BadInputException("cannot read " + file + " (" + e.getMessage() + ")", e);
        }
    }

    /** Learning rate of a line; older versions call it {@code rate}. */
    static JsonNode learningRate(JsonNode line) {
        return line.has(LEARNING_RATE) ? line.path(LEARNING_RATE) : line.path("rate");
    }

    @Override
    public void stepDone(Progress progress) {
        ObjectNode line = new ObjectMapper().createObjectNode();
        line.put("step", progress.step().step());
        line.put("loss", progress.step().loss());
        line.put("smoothed_loss", progress.smoothedLoss());
        line.put(LEARNING_RATE, progress.step().learningRate());
        line.put("grad_norm", progress.step().gradNorm());
        line.put("samples", progress.samples());
        line.put("samples_per_second", progress.samplesPerSecond());
        line.put("padding", progress.paddingShare());
        if (progress.unpackedPaddingShare() != null) {
            line.put("unpacked_padding", progress.unpackedPaddingShare());
        }
        line.put("target_tokens", progress.targetTokenShare());
        line.put("tokens_per_second", progress.tokensPerSecond());
        line.put("rss_mb", progress.rssBytes() >> 20);
        line.put("elapsed_ms", progress.elapsedMs());
        write(line);
    }

    @Override
    public void validated(int step, ValidationResult result) {
        ObjectNode line = new ObjectMapper().createObjectNode();
        line.put("step", step);
        line.put("validation_loss", result.loss());
        if (result.accuracy() != null) {
            line.put("validation_accuracy", result.accuracy());
        }
        write(line);
    }

    @Override
    public void stepRejected(int step, String reason, List<String> samples) {
        ObjectNode line = new ObjectMapper().createObjectNode();
        line.put("step", step);
        line.put("rejected", reason);
        ArrayNode sampleList = line.putArray("samples");
        samples.forEach(sampleList::add);
        write(line);
    }

    private void write(ObjectNode line) {
        pending.append(line).append('\n');
        try {
            writePending();
        } catch (IOException e) {
            if (!reported) {
                reported = true;
                notices.accept(
                        "cannot write " + file + " (" + e.getMessage() + "); its lines are kept in memory until it"
                                + " can be written; the next checkpoint and the end of the run require it");
            }
        }
    }

    /** Reopens the file each time, because that often recovers from file-system errors. */
    private void writePending() throws IOException {
        ByteBuffer lines = StandardCharsets.UTF_8.encode(pending.toString());
        try (FileChannel channel = open(file)) {
            long begin = Math.min(writtenBytes, channel.size());
            // Overwrites an incomplete line of a failed attempt.
            channel.position(begin);
            while (lines.hasRemaining()) {
                channel.write(lines);
            }
            writtenBytes = channel.position();
        }
        pending.setLength(0);
    }

    /**
     * Writes lines that are still in memory.
     *
     * @throws BadInputException if they cannot be written
     */
    public void flush() {
        try {
            if (pending.length() > 0) {
                writePending();
            }
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    /** Writes lines that are still in memory; an empty log is deleted. */
    @Override
    public void close() {
        flush();
        try {
            if (Files.size(file) == 0) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    private static BadInputException unwritable(Path file, IOException e) {
        return new BadInputException("cannot write " + file + " (" + e.getMessage() + "); is the disk full?", e);
    }
}
