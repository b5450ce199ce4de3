package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.net.URI;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.datavec.api.split.InputSplit;
import org.datavec.api.writable.IntWritable;
import org.datavec.api.writable.Text;
import org.datavec.api.writable.Writable;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;
import org.llava4j.data.captions.CaptionedImage;
import org.llava4j.data.config.ConfigWarnings;

/**
 * Record reader of COCO images with their captions and bounding boxes, joined by image. The split has the captions file
 * and, optionally, the instances file after it. A DataVec record is id, image, width, height, captions (a JSON array)
 * and boxes (a JSON array of {@code {"category", "x1", "y1", "x2", "y2"}}, fractions).
 */
public final class CocoRecordReader extends IndexedRecordReader<CaptionedImage> {
    private static final long serialVersionUID = 1L;

    @SuppressWarnings("NullAway.Init") // opened by initialize(), before any record is read
    private transient CocoAnnotations captions;

    private transient @Nullable CocoBoxes boxes;

    /**
     * Opens COCO files.
     *
     * @param captions such as {@code captions_train2014.json}
     * @param instances such as {@code instances_train2014.json}; null for no boxes
     * @throws BadInputException if a file is missing or malformed
     */
    public static CocoRecordReader open(Path captions, @Nullable Path instances) {
        return opened(new CocoRecordReader(), instances == null ? List.of(captions) : List.of(captions, instances));
    }

    @Override
    List<EntryIndex> index(InputSplit split) {
        URI[] files = split.locations();
        if (files.length == 0 || files.length > 2) {
            throw new BadInputException(
                    "give COCO's captions file and optionally its instances file, not " + files.length + " files");
        }
        Path first = path(files[0]);
        Map<Long, CocoImages.CocoImage> byId = new HashMap<>();
        CocoImages.addTo(byId, first);
        captions = captions(first, byId);
        return CloseOnFailure.run(this, () -> {
            boxes = files.length > 1 ? CocoBoxes.open(path(files[1]), byId) : null;
            return List.of(EntryIndex.of(first, JsonEntries.IMAGES));
        });
    }

    /** Opens the captions; each is valid for {@link CaptionRecordReader}. */
    private static CocoAnnotations captions(Path file, Map<Long, CocoImages.CocoImage> byId) {
        try (EntryIndex annotations = EntryIndex.of(file, JsonEntries.ANNOTATIONS)) {
            CocoAnnotationType.CAPTIONS.require(annotations);
        }
        Set<Long> captioned = new HashSet<>();
        CocoAnnotations captions = CocoAnnotations.of(file, annotation -> {
            CaptionRecordReader.ofCoco(annotation, byId);
            captioned.add(annotation.get("image_id").longValue());
        });
        if (captioned.size() < byId.size()) {
            ConfigWarnings.report(
                    file,
                    byId.size() - captioned.size() + " of " + byId.size()
                            + " images have no captions; no instructions are generated for them");
        }
        return captions;
    }

    @Override
    CaptionedImage parse(JsonNode entry, String key) {
        JsonFields image = CocoImages.fields(entry);
        long id = image.id("id");
        CocoImages.CocoImage cocoImage = CocoImages.of(image, entry);
        return new CaptionedImage(
                String.valueOf(id),
                cocoImage.file(),
                cocoImage.widthPx(),
                cocoImage.heightPx(),
                captions.of(id, CaptionRecordReader::caption),
                boxes == null ? List.of() : boxes.of(id));
    }

    @Override
    List<Writable> writables(CaptionedImage value) {
        ArrayNode texts = JsonNodeFactory.instance.arrayNode();
        value.captions().forEach(texts::add);
        ArrayNode boxes = JsonNodeFactory.instance.arrayNode();
        value.boxes()
                .forEach(box -> boxes.addObject()
                        .put("category", box.category())
                        .put("x1", box.x1())
                        .put("y1", box.y1())
                        .put("x2", box.x2())
                        .put("y2", box.y2()));
        return List.of(
                new Text(value.id()),
                new Text(value.image()),
                new IntWritable(value.widthPx()),
                new IntWritable(value.heightPx()),
                new Text(texts.toString()),
                new Text(boxes.toString()));
    }

    @Override
    public void close() {
        super.close();
        if (captions != null) {
            captions.close();
        }
        if (boxes != null) {
            boxes.close();
        }
    }
}
