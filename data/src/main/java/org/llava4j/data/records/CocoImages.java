package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Map;
import org.llava4j.data.BadInputException;

/** Array {@code images} of a COCO file. */
final class CocoImages {

    /**
     * COCO image.
     *
     * @param file file name
     * @param widthPx 0 if unknown
     * @param heightPx 0 if unknown
     */
    record CocoImage(String file, int widthPx, int heightPx) {}

    private CocoImages() {}

    /**
     * Adds each image by its id.
     *
     * @throws BadInputException if an id is duplicate in the file, or has another file name in a file added before
     */
    static void addTo(Map<Long, CocoImage> byId, Path coco) {
        try (EntryIndex images = EntryIndex.of(coco, JsonEntries.IMAGES)) {
            UniqueIds ids = new UniqueIds("image", images::where);
            for (int i = 0; i < images.size(); i++) {
                JsonNode entry = images.get(i);
                ids.addNumber(entry.path("id"), i);
                try {
                    JsonFields image = fields(entry);
                    CocoImage added = of(image, entry);
                    CocoImage other = byId.putIfAbsent(image.id("id"), added);
                    if (other != null && !other.file().equals(added.file())) {
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
