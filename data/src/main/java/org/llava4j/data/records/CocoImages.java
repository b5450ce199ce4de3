package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Map;
import org.llava4j.data.BadInputException;

/** The array {@code images} of a COCO file. */
final class CocoImages {

    /**
     * An image.
     *
     * @param widthPx 0 where the file does not have it
     * @param heightPx 0 where the file does not have it
     */
    record CocoImage(String file, int widthPx, int heightPx) {}

    private CocoImages() {}

    /**
     * Adds each image by its number.
     *
     * @throws BadInputException if a number comes twice in the file, or in files that were added before with another name
     */
    static void addTo(Map<Long, CocoImage> pictures, Path coco) {
        try (EntryIndex images = EntryIndex.of(coco, JsonEntries.IMAGES)) {
            UniqueIds ids = new UniqueIds("image", images::where);
            for (int i = 0; i < images.size(); i++) {
                JsonNode entry = images.get(i);
                ids.addNumber(entry.path("id"), i);
                try {
                    JsonFields image = fields(entry);
                    CocoImage picture = of(image, entry);
                    CocoImage other = pictures.putIfAbsent(image.id("id"), picture);
                    if (other != null && !other.file().equals(picture.file())) {
                        throw new BadInputException("image " + image.id("id") + " is " + other.file() + " as well");
                    }
                } catch (BadInputException e) {
                    throw new BadInputException(images.where(i) + ": " + e.getMessage(), e);
                }
            }
        }
    }

    static JsonFields fields(JsonNode entry) {
        return new JsonFields(entry, "image " + entry.path("id").asText("without id"));
    }

    static CocoImage of(JsonFields image, JsonNode entry) {
        return new CocoImage(
                image.text("file_name"),
                entry.has("width") ? image.positive("width") : 0,
                entry.has("height") ? image.positive("height") : 0);
    }
}
