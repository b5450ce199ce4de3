package org.llava4j.eval.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileReadError;
import org.llava4j.data.Html;
import org.llava4j.data.JsonInput;
import org.llava4j.data.plot.DownsampledCurve;
import org.llava4j.data.plot.PlotAxis;
import org.llava4j.data.plot.SvgPlot;

/** Training loss of one run by step. */
public record LossCurve(String name, List<Point> points) {
    private static final String METRICS = "metrics.jsonl";
    private static final int MAX_PLOTTED = 256;

    /**
     * Loss of one optimizer step.
     *
     * @param loss smoothed or raw loss; not plotted if it is NaN or infinite
     */
    public record Point(int step, double loss) {}

    public LossCurve {
        points = List.copyOf(points);
    }

    /** Caption with the first and last loss and the number of steps that are not plotted. */
    String caption() {
        List<Double> finite =
                points.stream().map(Point::loss).filter(Double::isFinite).toList();
        if (finite.isEmpty()) {
            return "no finite loss";
        }
        int nonFinite = points.size() - finite.size();
        return Html.format(
                "%.3f to %.3f in %d steps%s",
                finite.get(0),
                finite.get(finite.size() - 1),
                points.size(),
                nonFinite == 0 ? "" : ", " + nonFinite + " of them without a finite loss");
    }

    /** Chart of the curve as SVG. */
    String svg() {
        DownsampledCurve plotted = new DownsampledCurve(MAX_PLOTTED);
        points.forEach(point -> plotted.add(point.step(), point.loss()));
        return new SvgPlot(
                        "Loss of " + name, 380, 210, PlotAxis.steps(plotted.lastStep()), SvgPlot.axisOf(true, plotted))
                .line(plotted, "curve")
                .svg();
    }

    /**
     * Reads the loss curve of the run that wrote a model folder.
     *
     * @return the curve, or null if the folder has no {@code metrics.jsonl}
     * @throws BadInputException if the metrics are malformed
     */
    public static @Nullable LossCurve of(Path model) {
        Path file = model.resolve(METRICS);
        if (!Files.isRegularFile(file)) {
            return null;
        }
        List<Point> points = new ArrayList<>();
        try {
            int number = 0;
            for (String line : Files.readAllLines(file)) {
                JsonNode node = JsonInput.parse(file + ", line " + ++number, line.getBytes(StandardCharsets.UTF_8));
                if (node.has("step") && node.has("loss")) {
                    points.add(
                            new Point(node.get("step").asInt(), node.get("loss").asDouble(Double.NaN)));
                }
            }
        } catch (IOException e) {
            throw FileReadError.of(file, e, "write it again");
        }
        return new LossCurve("training run of the model", points);
    }
}
