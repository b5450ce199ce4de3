package org.llava4j.eval.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.stream.Stream;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.data.scienceqa.ScienceQaColumn;

/**
 * A report for programs. The headlines stand at the top level under their own keys; accuracies are fractions 0 to 1,
 * null where nothing was counted; {@code counts} has what is behind each.
 */
final class ReportJson {
    private static final JsonMapper MAPPER = new JsonMapper();

    private ReportJson() {}

    static String render(Report report) {
        ObjectNode root = MAPPER.createObjectNode();
        ObjectNode counts = MAPPER.createObjectNode();
        Stream.of(report.leadMetrics(), report.headlineMetrics())
                .flatMap(List::stream)
                .forEach(headline -> {
                    putAccuracy(root, headline.key(), headline.counts());
                    putCounts(counts, headline.key(), headline.counts());
                });
        report.chance().ifPresent(chance -> putNew(root, "chance").put("chance", chance));
        ObjectNode kinds = putNew(root, "kinds").putObject("kinds");
        ObjectNode kindCounts = counts.putObject("kinds");
        report.categories().forEach((kind, tally) -> {
            putAccuracy(kinds, kind, tally);
            putCounts(kindCounts, kind, tally);
        });
        ObjectNode groups = putNew(root, "groups").putObject("groups");
        report.groups().forEach((heading, tallies) -> {
            ObjectNode group = groups.putObject(heading);
            tallies.forEach((name, tally) -> putCounts(group, name, tally));
        });
        ArrayNode tables = putNew(root, "tables").putArray("tables");
        Stream.concat(report.lead().stream(), report.tables().stream()).forEach(table -> {
            ObjectNode node = tables.addObject().put("heading", table.heading());
            node.set("head", MAPPER.valueToTree(table.head()));
            node.set("rows", MAPPER.valueToTree(table.rows()));
        });
        report.data().forEach((key, value) -> putNew(root, key).set(key, MAPPER.valueToTree(value)));
        ObjectNode columns = putNew(root, "columns").putObject("columns");
        ObjectNode columnCounts = counts.putObject("columns");
        for (ScienceQaColumn column : report.columns().keySet()) {
            putAccuracy(columns, column.label(), report.columns().get(column));
            putCounts(columnCounts, column.label(), report.columns().get(column));
        }
        putNew(root, "seconds").put("seconds", report.seconds());
        ObjectNode timings = putNew(root, "timings").putObject("timings");
        report.timings().forEach(timings::put);
        putNew(root, "counts").set("counts", counts);
        putNew(root, "loss").set("loss", losses(report));
        putNew(root, "title").put("title", report.title());
        ObjectNode specification = putNew(root, "specification").putObject("specification");
        report.configuration().settings().forEach(specification::put);
        putNew(root, "specification_sha256")
                .put("specification_sha256", report.configuration().sha256());
        ArrayNode notes = putNew(root, "notes").putArray("notes");
        report.notes().forEach(notes::add);
        try {
            return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of texts and numbers is always JSON", e);
        }
    }

    private static ObjectNode putNew(ObjectNode root, String key) {
        if (root.has(key)) {
            throw new IllegalArgumentException(
                    "the headline \"" + key + "\" has the name of another part of the report");
        }
        return root;
    }

    private static void putAccuracy(ObjectNode node, String key, AnswerCounts tally) {
        if (tally.total() == 0) {
            putNew(node, key).putNull(key);
        } else {
            putNew(node, key).put(key, tally.accuracy());
        }
    }

    private static void putCounts(ObjectNode node, String key, AnswerCounts tally) {
        AnswerCounts.ConfidenceInterval interval = tally.wilson();
        node.putObject(key)
                .put("correct", tally.correct())
                .put("wrong", tally.incorrect())
                .put("failed", tally.unparsed())
                .put("low", interval.low())
                .put("high", interval.high());
    }

    /** Pairs of step and loss; a loss that is not finite is null, which JSON can say. */
    private static ObjectNode losses(Report report) {
        ObjectNode losses = MAPPER.createObjectNode();
        for (LossCurve curve : report.curves()) {
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
