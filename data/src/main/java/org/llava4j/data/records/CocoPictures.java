package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Map;
import org.llava4j.data.BadInputException;

/** The array {@code images} of a COCO file. */
final class CocoPictures {

    private CocoPictures() {}

    /** Adds each picture's file by its number. @throws BadInputException if a number comes twice, with other files */
    static void addTo(Map<Long, String> files, Path coco) {
        try (EntryIndex images = EntryIndex.of(coco, JsonEntries.IMAGES)) {
            for (int i = 0; i < images.size(); i++) {
                JsonNode entry = images.get(i);
                try {
                    JsonFields image =
                            new JsonFields(entry, "image " + entry.path("id").asText("without id"));
                    String file = image.text("file_name");
                    String other = files.putIfAbsent(image.id("id"), file);
                    if (other != null && !other.equals(file)) {
                        throw new BadInputException("image " + image.id("id") + " is " + other + " as well");
                    }
                } catch (BadInputException e) {
                    throw new BadInputException(images.where(i) + ": " + e.getMessage(), e);
                }
            }
        }
    }
}
