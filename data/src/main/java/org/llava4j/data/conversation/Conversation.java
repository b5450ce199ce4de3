package org.llava4j.data.conversation;

import java.io.Serializable;
import java.util.List;
import org.llava4j.data.JsonId;

/**
 * One sample: turns about no, one or several images.
 *
 * @param jsonId what the data file calls it, with its type; an empty string where it has no name
 * @param images paths relative to the image folder, in the order in which the text refers to them
 */
public record Conversation(JsonId jsonId, List<String> images, List<Turn> turns) implements Serializable {
    public Conversation {
        images = List.copyOf(images);
        turns = List.copyOf(turns);
    }

    /** A sample whose id is a string. */
    public Conversation(String id, List<String> images, List<Turn> turns) {
        this(JsonId.of(id), images, turns);
    }

    /** The id as text. */
    public String id() {
        return jsonId.text();
    }

    public boolean hasImages() {
        return !images.isEmpty();
    }

    /** The same sample with other turns. */
    public Conversation withTurns(List<Turn> others) {
        return new Conversation(jsonId, images, others);
    }
}
