package org.llava4j.data.captions;

import org.llava4j.data.JsonId;

/**
 * What somebody wrote about a picture.
 *
 * @param jsonId what the data file calls it, with its type
 * @param image path of the picture relative to the image folder
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
