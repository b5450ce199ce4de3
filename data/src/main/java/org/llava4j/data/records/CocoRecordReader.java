package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.File;
import java.net.URI;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.datavec.api.split.CollectionInputSplit;
import org.datavec.api.split.InputSplit;
import org.datavec.api.writable.IntWritable;
import org.datavec.api.writable.Text;
import org.datavec.api.writable.Writable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.captions.Box;
import org.llava4j.data.captions.CaptionedPicture;

/**
 * Reads COCO's pictures with their captions and boxes, one record each, joined by picture: the captions' file and, behind
 * it in the split, the instances' file. To DataVec a record is id, image, width, height, captions (a JSON array) and
 * boxes (a JSON array of {@code {"category", "x1", "y1", "x2", "y2"}}, fractions).
 */
public final class CocoRecordReader extends IndexedRecordReader<CaptionedPicture> {
    private static final long serialVersionUID = 1L;

    private transient CocoAnnotations captions;
    private transient CocoAnnotations instances;
    private transient Map<Long, String> categories = new HashMap<>();

    /**
     * A reader over COCO's files.
     *
     * @param captions such as {@code captions_train2014.json}
     * @param instances such as {@code instances_train2014.json}; null for no boxes
     * @throws BadInputException if one is missing or not as COCO's are
     */
    public static CocoRecordReader open(Path captions, Path instances) {
        List<Path> files = instances == null ? List.of(captions) : List.of(captions, instances);
        CocoRecordReader reader = new CocoRecordReader();
        reader.initialize(new CollectionInputSplit(files.stream()
                .map(IndexedRecordReader::requireFile)
                .map(Path::toFile)
                .map(File::toURI)
                .toList()));
        return reader;
    }

    @Override
    List<EntryIndex> index(InputSplit split) {
        URI[] files = split.locations();
        if (files.length == 0 || files.length > 2) {
            throw new BadInputException("give COCO's captions file, and its instances file if there is one; got "
                    + files.length + " files");
        }
        Path first = path(files[0]);
        captions = CocoAnnotations.of(first);
        categories = new HashMap<>();
        instances = null;
        if (files.length > 1) {
            readCategories(path(files[1]));
            instances = CocoAnnotations.of(path(files[1]));
        }
        EntryIndex images = EntryIndex.of(first, JsonEntries.IMAGES);
        boolean whole = false;
        try {
            requireDistinct(images, "image");
            whole = true;
            return List.of(images);
        } finally {
            if (!whole) {
                images.close();
            }
        }
    }

    /** Captions and boxes refer to images and categories by id; what has no number for an id is told when it is read. */
    private static void requireDistinct(EntryIndex entries, String what) {
        UniqueIds ids = new UniqueIds(what, entries::where);
        for (int i = 0; i < entries.size(); i++) {
            JsonNode id = entries.get(i).path("id");
            if (id.isIntegralNumber()) {
                ids.add(id.asText(), i);
            }
        }
    }

    private void readCategories(Path file) {
        try (EntryIndex entries = EntryIndex.of(file, JsonEntries.CATEGORIES)) {
            requireDistinct(entries, "category");
            for (int i = 0; i < entries.size(); i++) {
                try {
                    JsonFields category = new JsonFields(entries.get(i), "category " + i);
                    categories.put(category.id("id"), category.text("name"));
                } catch (BadInputException e) {
                    throw new BadInputException(entries.where(i) + ": " + e.getMessage(), e);
                }
            }
        }
    }

    @Override
    CaptionedPicture parse(JsonNode entry, String key) {
        String name = entry.path("id").asText("without id");
        JsonFields image = new JsonFields(entry, "image " + name);
        long id = image.id("id");
        int width = image.positive("width");
        int height = image.positive("height");
        List<String> texts = captions.of(
                id,
                node -> new JsonFields(node, "caption of image " + name)
                        .text("caption")
                        .strip());
        List<Box> boxes = instances == null
                ? List.of()
                : instances.of(id, node -> box(node, "box of image " + name, width, height));
        return new CaptionedPicture(name, image.text("file_name"), width, height, texts, boxes);
    }

    /** COCO has left, top, width and height in pixels. */
    private Box box(JsonNode node, String owner, int width, int height) {
        JsonFields fields = new JsonFields(node, owner);
        String category = categories.get(fields.id("category_id"));
        if (category == null) {
            throw new BadInputException(
                    owner + ": category " + fields.id("category_id") + " is not among \"categories\"");
        }
        double[] box = fields.numbers("bbox", 4);
        return new Box(
                category, box[0] / width, box[1] / height, (box[0] + box[2]) / width, (box[1] + box[3]) / height);
    }

    @Override
    List<Writable> writables(CaptionedPicture value) {
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
        if (instances != null) {
            instances.close();
        }
    }
}
