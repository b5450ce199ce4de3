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
 * A run as a file: {@code metrics.jsonl}, one JSON object a step, in step order.
 *
 * <p>It is a part of each checkpoint and of the output, not a mere display. Lines that cannot be written at once (a full
 * disk) therefore wait in memory and are written with the next one; a checkpoint or the end of the run requires them.
 */
public final class MetricsLog implements TrainingListener, AutoCloseable {
    public static final String FILE = "metrics.jsonl";

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
     * Continues at the end of what is there.
     *
     * @param notices receives a line when the file cannot be written for the first time
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
     * The steps of a log that changed the weights.
     *
     * @throws BadInputException if it is missing or broken
     */
    public static List<Trainer.Step> steps(Path file) {
        ObjectMapper json = new ObjectMapper();
        List<Trainer.Step> steps = new ArrayList<>();
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                JsonNode values = json.readTree(line);
                if (values.has("loss")) {
                    steps.add(new Trainer.Step(
                            values.path("step").intValue(),
                            values.path("loss").doubleValue(),
                            values.path("grad_norm").doubleValue(),
                            values.path("rate").doubleValue()));
                }
            }
        } catch (IOException e) {
            throw new BadInputException("cannot read " + file + " (" + e.getMessage() + ")", e);
        }
        return steps;
    }

    @Override
    public void stepDone(Progress progress) {
        ObjectNode line = new ObjectMapper().createObjectNode();
        line.put("step", progress.step().step());
        line.put("loss", progress.step().loss());
        line.put("smoothed_loss", progress.smoothedLoss());
        line.put("rate", progress.step().learningRate());
        line.put("grad_norm", progress.step().gradNorm());
        line.put("samples", progress.samples());
        line.put("samples_per_second", progress.samplesPerSecond());
        line.put("padding", progress.paddingShare());
        line.put("supervised", progress.targetTokenShare());
        line.put("tokens_per_second", progress.tokensPerSecond());
        line.put("rss_mb", progress.rssBytes() >> 20);
        line.put("elapsed_ms", progress.elapsedMs());
        write(line);
    }

    @Override
    public void validated(int step, ValidationResult look) {
        ObjectNode line = new ObjectMapper().createObjectNode();
        line.put("step", step);
        line.put("validation_loss", look.loss());
        look.accuracy().ifPresent(accuracy -> line.put("validation_accuracy", accuracy));
        write(line);
    }

    @Override
    public void stepRejected(int step, String reason, List<String> samples) {
        ObjectNode line = new ObjectMapper().createObjectNode();
        line.put("step", step);
        line.put("bad_step", reason);
        ArrayNode places = line.putArray("samples");
        samples.forEach(places::add);
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

    /** Opens the file anew each time: a file system that had trouble often needs that. */
    private void writePending() throws IOException {
        ByteBuffer lines = StandardCharsets.UTF_8.encode(pending.toString());
        try (FileChannel channel = open(file)) {
            long begin = Math.min(writtenBytes, channel.size());
            // Half a line of an attempt that failed is written over.
            channel.position(begin);
            while (lines.hasRemaining()) {
                channel.write(lines);
            }
            writtenBytes = channel.position();
        }
        pending.setLength(0);
    }

    /** Writes what waits in memory. @throws BadInputException if that still cannot be written */
    public void flush() {
        try {
            if (pending.length() > 0) {
                writePending();
            }
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    /** Requires all lines; a log without a line is removed. */
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
