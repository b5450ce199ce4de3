package org.llava4j.train.watch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.llava4j.data.BadInputException;

/** What a run's page draws. */
final class RunCurves {
    private static final int WIDE = 512;
    private static final int NARROW = 256;

    final Curve loss = new Curve(WIDE);
    final Curve smoothedLoss = new Curve(WIDE);
    final Curve heldOutLoss = new Curve(NARROW);
    final Curve heldOutAccuracy = new Curve(NARROW);
    final Curve rate = new Curve(NARROW);
    final Curve gradNorm = new Curve(NARROW);
    final Curve tokensPerSecond = new Curve(NARROW);
    final Curve memoryMb = new Curve(NARROW);

    /** The curves of the log that a run has written so far; empty ones if there is none. */
    static RunCurves of(Path log) {
        RunCurves curves = new RunCurves();
        if (!Files.exists(log)) {
            return curves;
        }
        ObjectMapper json = new ObjectMapper();
        try (BufferedReader lines = Files.newBufferedReader(log)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                curves.add(json.readTree(line));
            }
        } catch (IOException e) {
            throw new BadInputException("cannot read " + log + " (" + e.getMessage() + ")", e);
        }
        return curves;
    }

    private void add(JsonNode line) {
        int step = line.path("step").asInt();
        add(loss, step, line.path("loss"));
        add(smoothedLoss, step, line.path("smoothed_loss"));
        add(heldOutLoss, step, line.path("validation_loss"));
        add(heldOutAccuracy, step, line.path("validation_accuracy"));
        add(rate, step, line.path("rate"));
        add(gradNorm, step, line.path("grad_norm"));
        add(tokensPerSecond, step, line.path("tokens_per_second"));
        add(memoryMb, step, line.path("rss_mb"));
    }

    private static void add(Curve curve, int step, JsonNode value) {
        if (value.isNumber()) {
            curve.add(step, value.doubleValue());
        }
    }

    void add(Progress progress) {
        int step = progress.step().step();
        loss.add(step, progress.step().loss());
        smoothedLoss.add(step, progress.smoothedLoss());
        rate.add(step, progress.step().rate());
        gradNorm.add(step, progress.step().gradNorm());
        tokensPerSecond.add(step, progress.tokensPerSecond());
        memoryMb.add(step, progress.rssBytes() >> 20);
    }

    void add(int step, Look look) {
        heldOutLoss.add(step, look.loss());
        look.accuracy().ifPresent(accuracy -> heldOutAccuracy.add(step, accuracy));
    }
}
