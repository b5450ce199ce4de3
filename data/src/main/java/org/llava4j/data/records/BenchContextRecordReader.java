package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.datavec.api.writable.Text;
import org.datavec.api.writable.Writable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.captions.BoundingBox;
import org.llava4j.data.llavabench.BenchContext;

/**
 * Record reader of LLaVA-Bench's image contexts: for In-the-Wild {@code {"image", "caption"}}, for COCO {@code
 * {"image", "captions": [..], "instances": [{"category", "bbox": [x1, y1, x2, y2]}]}} with fractions. A DataVec record
 * is the image and its captions, one per line.
 */
public final class BenchContextRecordReader extends IndexedRecordReader<BenchContext> {
    private static final long serialVersionUID = 1L;

    /**
     * Opens a file.
     *
     * @throws BadInputException if it is missing or not JSON
     */
    static BenchContextRecordReader open(Path file) {
        return opened(new BenchContextRecordReader(), List.of(file));
    }

    /**
     * Reads all contexts of a file, by image.
     *
     * @throws BadInputException if it is missing or not JSON, or an image has two contexts
     */
    public static Map<String, BenchContext> byImage(Path file) {
        try (BenchContextRecordReader reader = open(file)) {
            UniqueIds images = new UniqueIds("the context of image", reader::where);
            Map<String, BenchContext> contexts = new LinkedHashMap<>();
            for (int number = 0; number < reader.size(); number++) {
                BenchContext context = reader.get(number);
                images.add(context.image(), number);
                contexts.put(context.image(), context);
            }
            return contexts;
        }
    }

    @Override
    BenchContext parse(JsonNode entry, String key) {
        JsonFields fields =
                new JsonFields(entry, "context of " + entry.path("image").asText("no image"));
        List<String> captions = entry.has("captions") ? fields.texts("captions") : List.of(fields.text("caption"));
        if (!entry.path("instances").isMissingNode() && !entry.path("instances").isArray()) {
            throw new BadInputException("\"instances\" must be a list of boxes");
        }
        List<BoundingBox> boxes = new ArrayList<>();
        for (JsonNode node : entry.path("instances")) {
            JsonFields box = new JsonFields(node, "box " + boxes.size() + " of " + fields.text("image"));
            double[] corners = box.numbers("bbox", 4);
            if (Arrays.stream(corners).anyMatch(value -> value < 0 || value > 1)
                    || corners[0] > corners[2]
                    || corners[1] > corners[3]) {
                throw new BadInputException("box " + boxes.size() + " of " + fields.text("image") + ": \"bbox\" is "
                        + Arrays.toString(corners) + "; it must be left, top, right and bottom as fractions, 0 to 1");
            }
            boxes.add(new BoundingBox(box.text("category"), corners[0], corners[1], corners[2], corners[3]));
        }
        return new BenchContext(fields.text("image"), captions, boxes);
    }

    @Override
    List<Writable> writables(BenchContext value) {
        return List.of(new Text(value.image()), new Text(String.join("\n", value.captions())));
    }
}
