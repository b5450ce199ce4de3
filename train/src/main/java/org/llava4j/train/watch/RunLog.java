package org.llava4j.train.watch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.train.Trainer;

/** A run as a file: {@code metrics.jsonl}, one JSON object a step, in step order. */
public final class RunLog implements RunListener, AutoCloseable {
    public static final String FILE = "metrics.jsonl";

    private final Path file;
    private final BufferedWriter writer;

    private RunLog(Path file, BufferedWriter writer) {
        this.file = file;
        this.writer = writer;
    }

    /** Goes on at the end of what is there. */
    public static RunLog of(Path file) {
        try {
            return new RunLog(
                    file, Files.newBufferedWriter(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND));
        } catch (IOException e) {
            throw unwritable(file, e);
        }
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
    public void step(Progress progress) {
        ObjectNode line = new ObjectMapper().createObjectNode();
        line.put("step", progress.step().step());
        line.put("loss", progress.step().loss());
        line.put("smoothed_loss", progress.smoothedLoss());
        line.put("rate", progress.step().rate());
        line.put("grad_norm", progress.step().gradNorm());
        line.put("samples", progress.samples());
        line.put("samples_per_second", progress.samplesPerSecond());
        line.put("padding", progress.paddingShare());
        line.put("supervised", progress.supervisedShare());
        line.put("tokens_per_second", progress.tokensPerSecond());
        line.put("rss_mb", progress.rssBytes() >> 20);
        line.put("elapsed_ms", progress.elapsedMs());
        write(line);
    }

    @Override
    public void validated(int step, Look look) {
        ObjectNode line = new ObjectMapper().createObjectNode();
        line.put("step", step);
        line.put("validation_loss", look.loss());
        look.accuracy().ifPresent(accuracy -> line.put("validation_accuracy", accuracy));
        write(line);
    }

    @Override
    public void badStep(int step, String reason, List<String> samples) {
        ObjectNode line = new ObjectMapper().createObjectNode();
        line.put("step", step);
        line.put("bad_step", reason);
        ArrayNode places = line.putArray("samples");
        samples.forEach(places::add);
        write(line);
    }

    private void write(ObjectNode line) {
        try {
            writer.write(line + "\n");
            // Whoever follows a long run wants to see the last step.
            writer.flush();
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    /** A log without a line is removed. */
    @Override
    public void close() {
        try {
            writer.close();
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
