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
 * Boxes of a COCO instances file by image. All boxes are checked when the file is opened, before anything is asked about the
 * images; what is odd about them is reported once, with its count.
 *
 * <p>A crowd region ({@code iscrowd}) is one box, as in the contexts that LLaVA publishes for COCO's images, where the boxes
 * of crowds stand behind those of single objects.
 */
final class CocoBoxes implements AutoCloseable {
    /** COCO's files have two decimals. */
    private static final double ROUNDING_PX = 0.01;

    private final Path file;
    private final Map<Long, CocoImages.CocoImage> images;
    private final Map<Long, String> categories = new HashMap<>();
    private final Set<Long> withBoxes = new HashSet<>();
    private CocoAnnotations annotations;
    private int boxesOfOtherImages;
    private int crowds;
    private int clipped;

    private CocoBoxes(Path file, Map<Long, CocoImages.CocoImage> pictures) {
        this.file = file;
        this.images = pictures;
    }

    /**
     * Opens a file.
     *
     * @param pictures the images of the captions, by number
     * @throws BadInputException if a box is wrong, or none is of one of these images
     */
    static CocoBoxes open(Path file, Map<Long, CocoImages.CocoImage> pictures) {
        CocoBoxes boxes = new CocoBoxes(file, pictures);
        // Annotations first: they tell whether this is an instances file at all.
        try (EntryIndex annotations = EntryIndex.of(file, JsonEntries.ANNOTATIONS)) {
            CocoAnnotationType.INSTANCES.require(annotations);
        }
        boxes.readCategories();
        boxes.annotations = CocoAnnotations.of(file, boxes::check);
        if (boxes.withBoxes.isEmpty() && !pictures.isEmpty()) {
            boxes.close();
            throw new BadInputException(file + ": none of its " + boxes.annotations.size()
                    + " boxes is of one of the " + pictures.size()
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
        CocoImages.CocoImage picture = images.get(image);
        if (picture == null) {
            boxesOfOtherImages++;
            return;
        }
        if (picture.widthPx() == 0 || picture.heightPx() == 0) {
            throw fields.invalid("the captions file has no \"width\" and \"height\" of the image");
        }
        withBoxes.add(image);
        crowds += annotation.path("iscrowd").asInt(0) == 0 ? 0 : 1;
        box(fields, picture);
        clipped += isOver(fields.numbers("bbox", 4), picture) ? 1 : 0;
    }

    private void report() {
        List<String> odd = new ArrayList<>();
        int without = images.size() - withBoxes.size();
        add(odd, without, " of " + images.size() + " images have no boxes");
        add(odd, boxesOfOtherImages, " boxes are of images that the captions file does not have");
        add(odd, crowds, " crowd regions (\"iscrowd\") are given as one box each");
        add(odd, clipped, " boxes reach over the edge of their image and are clipped");
        if (!odd.isEmpty()) {
            ConfigWarnings.report(file, String.join("; ", odd));
        }
    }

    private static void add(List<String> odd, int count, String what) {
        if (count > 0) {
            odd.add(count + what);
        }
    }

    /** The boxes of an image, in the order of the file. */
    List<BoundingBox> of(long image) {
        return annotations.of(image, annotation -> box(fields(annotation), images.get(image)));
    }

    private static JsonFields fields(JsonNode annotation) {
        return new JsonFields(
                annotation, "box of image " + annotation.path("image_id").asText("without id"));
    }

    /** COCO has left, top, width and height in pixels. */
    private BoundingBox box(JsonFields fields, CocoImages.CocoImage picture) {
        String category = categories.get(fields.id("category_id"));
        if (category == null) {
            throw fields.invalid("category " + fields.id("category_id") + " is not among \"categories\"");
        }
        double[] box = fields.numbers("bbox", 4);
        int width = picture.widthPx();
        int height = picture.heightPx();
        if (box[2] < 0 || box[3] < 0) {
            throw fields.invalid("\"bbox\" " + Arrays.toString(box)
                    + " has a negative width or height; COCO has left, top, width and height in pixels");
        }
        if (box[0] > width || box[1] > height || box[0] + box[2] < 0 || box[1] + box[3] < 0) {
            throw fields.invalid("\"bbox\" " + Arrays.toString(box) + " is outside of the image, which has " + width
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

    private static boolean isOver(double[] box, CocoImages.CocoImage picture) {
        return box[0] < -ROUNDING_PX
                || box[1] < -ROUNDING_PX
                || box[0] + box[2] > picture.widthPx() + ROUNDING_PX
                || box[1] + box[3] > picture.heightPx() + ROUNDING_PX;
    }

    @Override
    public void close() {
        annotations.close();
    }
}
