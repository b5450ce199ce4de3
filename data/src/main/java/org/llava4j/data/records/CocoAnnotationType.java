package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import org.llava4j.data.BadInputException;

/** What the annotations of a COCO file are. Its files have the same outer form and are easily taken for each other. */
enum CocoAnnotationType {
    CAPTIONS("caption"),
    KEYPOINTS("keypoints"), // these have boxes as well, but only of people
    INSTANCES("bbox");

    private final String key;

    CocoAnnotationType(String key) {
        this.key = key;
    }

    /** @throws BadInputException if the file is known as one of another kind */
    void require(EntryIndex annotations) {
        if (annotations.size() == 0) {
            return;
        }
        JsonNode first = annotations.get(0);
        for (CocoAnnotationType kind : values()) {
            if (first.has(kind.key)) {
                if (kind != this) {
                    throw new BadInputException(annotations.file() + ": has COCO's " + kind.words() + ", not its "
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
