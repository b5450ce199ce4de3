package org.llava4j.eval.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileReadError;
import org.llava4j.data.JsonInput;

/** The training loss of one run, step by step. */
public record LossCurve(String name, List<Point> points) {
    private static final String METRICS = "metrics.jsonl";

    /**
     * One optimiser step.
     *
     * @param loss not finite where the step diverged; such a point is counted, not drawn
     */
    public record Point(long step, double loss) {}

    public LossCurve {
        points = List.copyOf(points);
    }

    /**
     * The curve of the run that wrote a model folder, where it says.
     *
     * @throws BadInputException if what it says is broken
     */
    public static Optional<LossCurve> of(Path model) {
        Path file = model.resolve(METRICS);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        List<Point> points = new ArrayList<>();
        try {
            int number = 0;
            for (String line : Files.readAllLines(file)) {
                JsonNode node = JsonInput.parse(file + ", line " + ++number, line.getBytes(StandardCharsets.UTF_8));
                if (node.has("step") && node.has("loss")) {
                    points.add(new Point(
                            node.get("step").longValue(), node.get("loss").asDouble(Double.NaN)));
                }
            }
        } catch (IOException e) {
            throw FileReadError.of(file, e, "write it again");
        }
        return Optional.of(new LossCurve("the run that wrote the model", points));
    }
}
