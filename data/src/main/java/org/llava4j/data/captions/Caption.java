package org.llava4j.data.captions;

import org.llava4j.data.JsonId;

/**
 * Caption of an image.
 *
 * @param jsonId id in the data file, with its JSON type
 * @param image path of the image relative to the image folder
 * @param text the caption
 */
public record Caption(JsonId jsonId, String image, String text) {
    /** A caption whose id is a string. */
    public Caption(String id, String image, String text) {
        this(JsonId.of(id), image, text);
    }

    /** The id as text. */
    public String id() {
        return jsonId.text();
    }
}
