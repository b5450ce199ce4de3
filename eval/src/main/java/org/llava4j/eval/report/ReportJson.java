package org.llava4j.eval.report;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.stream.Stream;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.data.scienceqa.ScienceQaColumn;

/**
 * Renderer of a report as JSON. Headline metrics are at the top level under their own keys. Accuracies are fractions
 * from 0 to 1, or null without problems; {@code counts} has the counts behind each.
 */
final class ReportJson {
    private static final JsonMapper MAPPER = new JsonMapper();

    private ReportJson() {}

    static String render(Report report) {
        ObjectNode root = MAPPER.createObjectNode();
        ObjectNode counts = MAPPER.createObjectNode();
        Stream.of(report.leadMetrics, report.headlineMetrics)
                .flatMap(List::stream)
                .forEach(metric -> {
                    putAccuracy(root, metric.key(), metric.counts());
                    putCounts(counts, metric.key(), metric.counts());
                });
        if (report.chance != null) {
            putNew(root, "chance").put("chance", report.chance);
        }
        ObjectNode categories = putNew(root, "accuracy_by_category").putObject("accuracy_by_category");
        ObjectNode categoryCounts = counts.putObject("accuracy_by_category");
        report.categories.forEach((category, answerCounts) -> {
            putAccuracy(categories, category, answerCounts);
            putCounts(categoryCounts, category, answerCounts);
        });
        ObjectNode groups = putNew(root, "groups").putObject("groups");
        report.groups.forEach((heading, countsByName) -> {
            ObjectNode group = groups.putObject(heading);
            countsByName.forEach((name, answerCounts) -> putCounts(group, name, answerCounts));
        });
        ArrayNode tables = putNew(root, "tables").putArray("tables");
        Stream.concat(Stream.ofNullable(report.lead), report.tables.stream()).forEach(table -> {
            ObjectNode node = tables.addObject().put("heading", table.heading());
            node.set("head", MAPPER.valueToTree(table.head()));
            node.set("rows", MAPPER.valueToTree(table.rows()));
        });
        report.data.forEach((key, value) -> putNew(root, key).set(key, MAPPER.valueToTree(value)));
        ObjectNode columns = putNew(root, "columns").putObject("columns");
        ObjectNode columnCounts = counts.putObject("columns");
        for (ScienceQaColumn column : report.columns.keySet()) {
            putAccuracy(columns, column.label(), report.columns.get(column));
            putCounts(columnCounts, column.label(), report.columns.get(column));
        }
        putNew(root, "seconds").put("seconds", report.seconds);
        ObjectNode timings = putNew(root, "timings").putObject("timings");
        report.timings.forEach(timings::put);
        putNew(root, "counts").set("counts", counts);
        putNew(root, "loss").set("loss", losses(report));
        putNew(root, "title").put("title", report.title);
        ObjectNode configuration = putNew(root, "run_configuration").putObject("run_configuration");
        report.configuration().settings().forEach(configuration::put);
        putNew(root, "run_configuration_sha256")
                .put("run_configuration_sha256", report.configuration().sha256());
        ArrayNode notes = putNew(root, "notes").putArray("notes");
        report.notes.forEach(notes::add);
        return root.toPrettyString() + "\n";
    }

    private static ObjectNode putNew(ObjectNode root, String key) {
        if (root.has(key)) {
            throw new IllegalArgumentException("the key \"" + key + "\" is used by another part of the report");
        }
        return root;
    }

    private static void putAccuracy(ObjectNode node, String key, AnswerCounts answerCounts) {
        if (answerCounts.total() == 0) {
            putNew(node, key).putNull(key);
        } else {
            putNew(node, key).put(key, answerCounts.accuracy());
        }
    }

    private static void putCounts(ObjectNode node, String key, AnswerCounts answerCounts) {
        AnswerCounts.ConfidenceInterval interval = answerCounts.wilson();
        node.putObject(key)
                .put("correct", answerCounts.correct())
                .put("incorrect", answerCounts.incorrect())
                .put("unparsed", answerCounts.unparsed())
                .put("low", interval.low())
                .put("high", interval.high());
    }

    /** Pairs of step and loss; NaN and infinite losses are null. */
    private static ObjectNode losses(Report report) {
        ObjectNode losses = MAPPER.createObjectNode();
        for (LossCurve curve : report.curves) {
            ArrayNode points = losses.putArray(curve.name());
            for (LossCurve.Point point : curve.points()) {
                ArrayNode pair = points.addArray().add(point.step());
                if (Double.isFinite(point.loss())) {
                    pair.add(point.loss());
                } else {
                    pair.addNull();
                }
            }
        }
        return losses;
    }
}
