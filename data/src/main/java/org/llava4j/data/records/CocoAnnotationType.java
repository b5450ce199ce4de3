package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import org.llava4j.data.BadInputException;

/**
 * Type of the annotations of a COCO file. Files of different types have the same outer structure and are easily
 * confused.
 */
enum CocoAnnotationType {
    CAPTIONS("caption"),
    KEYPOINTS("keypoints"), // also have boxes, but only of people
    INSTANCES("bbox");

    private final String key;

    CocoAnnotationType(String key) {
        this.key = key;
    }

    /**
     * Checks the type of a file.
     *
     * @throws BadInputException if the file is recognized as one of another type
     */
    void require(EntryIndex annotations) {
        if (annotations.size() == 0) {
            return;
        }
        JsonNode first = annotations.get(0);
        for (CocoAnnotationType type : values()) {
            if (first.has(type.key)) {
                if (type != this) {
                    throw new BadInputException(annotations.file() + ": has COCO's " + type.words() + ", not its "
                            + words() + "; give " + words() + "_*.json here");
                }
                return;
            }
        }
    }

    private String words() {
        return name().toLowerCase(Locale.ROOT);
    }
}
