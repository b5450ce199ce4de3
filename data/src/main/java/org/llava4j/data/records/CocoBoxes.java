package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.llava4j.data.BadInputException;
import org.llava4j.data.captions.BoundingBox;
import org.llava4j.data.config.ConfigWarnings;

/**
 * Bounding boxes of a COCO instances file by image. All boxes are checked when the file is opened, before any request
 * about the images is sent. Irregularities are reported once, with their count.
 *
 * <p>A crowd region ({@code iscrowd}) is one box, as in the contexts that LLaVA publishes for COCO images, where the
 * boxes of crowds follow those of single objects.
 */
final class CocoBoxes implements AutoCloseable {
    /** COCO's files have two decimals. */
    private static final double ROUNDING_PX = 0.01;

    private final Path file;
    private final Map<Long, CocoImages.CocoImage> images;
    private final Map<Long, String> categories = new HashMap<>();
    private final Set<Long> withBoxes = new HashSet<>();
    private final CocoAnnotations annotations;
    private int boxesOfOtherImages;
    private int crowds;
    private int clipped;

    private CocoBoxes(Path file, Map<Long, CocoImages.CocoImage> images) {
        this.file = file;
        this.images = images;
        readCategories();
        annotations = CocoAnnotations.of(file, this::check);
    }

    /**
     * Opens a file.
     *
     * @param images images of the captions file, by id
     * @throws BadInputException if a box is invalid, or none belongs to one of these images
     */
    static CocoBoxes open(Path file, Map<Long, CocoImages.CocoImage> images) {
        // Annotations first: they show whether this is an instances file at all.
        try (EntryIndex annotations = EntryIndex.of(file, JsonEntries.ANNOTATIONS)) {
            CocoAnnotationType.INSTANCES.require(annotations);
        }
        CocoBoxes boxes = new CocoBoxes(file, images);
        if (boxes.withBoxes.isEmpty() && !images.isEmpty()) {
            boxes.close();
            throw new BadInputException(file + ": none of its " + boxes.annotations.size()
                    + " boxes belongs to one of the " + images.size()
                    + " images of the captions; give the instances file of the same split");
        }
        boxes.report();
        return boxes;
    }

    private void readCategories() {
        try (EntryIndex entries = EntryIndex.of(file, JsonEntries.CATEGORIES)) {
            UniqueIds ids = new UniqueIds("category", entries::where);
            for (int i = 0; i < entries.size(); i++) {
                JsonNode entry = entries.get(i);
                ids.addNumber(entry.path("id"), i);
                try {
                    JsonFields category = new JsonFields(entry, "category " + i);
                    categories.put(category.id("id"), category.text("name"));
                } catch (BadInputException e) {
                    throw new BadInputException(entries.where(i) + ": " + e.getMessage(), e);
                }
            }
        }
    }

    private void check(JsonNode annotation) {
        JsonFields fields = fields(annotation);
        long image = fields.id("image_id");
        CocoImages.CocoImage cocoImage = images.get(image);
        if (cocoImage == null) {
            boxesOfOtherImages++;
            return;
        }
        if (cocoImage.widthPx() == 0 || cocoImage.heightPx() == 0) {
            throw fields.invalid("the captions file has no \"width\" and \"height\" of the image");
        }
        withBoxes.add(image);
        crowds += annotation.path("iscrowd").asInt(0) == 0 ? 0 : 1;
        box(fields, cocoImage);
        clipped += isOver(fields.numbers("bbox", 4), cocoImage) ? 1 : 0;
    }

    private void report() {
        List<String> warnings = new ArrayList<>();
        int without = images.size() - withBoxes.size();
        add(warnings, without, " of " + images.size() + " images have no boxes");
        add(warnings, boxesOfOtherImages, " boxes are of images that the captions file lacks");
        add(warnings, crowds, " crowd regions (\"iscrowd\") are given as one box each");
        add(warnings, clipped, " boxes reach over the edge of their image and are clipped");
        if (!warnings.isEmpty()) {
            ConfigWarnings.report(file, String.join("; ", warnings));
        }
    }

    private static void add(List<String> warnings, int count, String what) {
        if (count > 0) {
            warnings.add(count + what);
        }
    }

    /** Returns the bounding boxes of an image, in file order. */
    List<BoundingBox> of(long image) {
        CocoImages.CocoImage cocoImage = images.get(image);
        return cocoImage == null ? List.of() : annotations.of(image, annotation -> box(fields(annotation), cocoImage));
    }

    private static JsonFields fields(JsonNode annotation) {
        return new JsonFields(
                annotation, "box of image " + annotation.path("image_id").asText("without id"));
    }

    /** Converts COCO's left, top, width and height in pixels. */
    private BoundingBox box(JsonFields fields, CocoImages.CocoImage cocoImage) {
        String category = categories.get(fields.id("category_id"));
        if (category == null) {
            throw fields.invalid("category " + fields.id("category_id") + " is missing in \"categories\"");
        }
        double[] box = fields.numbers("bbox", 4);
        int width = cocoImage.widthPx();
        int height = cocoImage.heightPx();
        if (box[2] < 0 || box[3] < 0) {
            throw fields.invalid("\"bbox\" " + Arrays.toString(box)
                    + " has a negative width or height; COCO's format is left, top, width and height in pixels");
        }
        if (box[0] > width || box[1] > height || box[0] + box[2] < 0 || box[1] + box[3] < 0) {
            throw fields.invalid("\"bbox\" " + Arrays.toString(box) + " is outside the image, which has " + width
                    + " x " + height + " pixels");
        }
        return new BoundingBox(
                category,
                fraction(box[0], width),
                fraction(box[1], height),
                fraction(box[0] + box[2], width),
                fraction(box[1] + box[3], height));
    }

    private static double fraction(double pixels, int of) {
        return Math.max(0, Math.min(of, pixels)) / of;
    }

    private static boolean isOver(double[] box, CocoImages.CocoImage cocoImage) {
        return box[0] < -ROUNDING_PX
                || box[1] < -ROUNDING_PX
                || box[0] + box[2] > cocoImage.widthPx() + ROUNDING_PX
                || box[1] + box[3] > cocoImage.heightPx() + ROUNDING_PX;
    }

    @Override
    public void close() {
        annotations.close();
    }
}
