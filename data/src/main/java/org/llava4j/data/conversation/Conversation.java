package org.llava4j.data.conversation;

import java.io.Serializable;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.JsonId;

/**
 * Training sample: the turns of a conversation about any number of images.
 *
 * @param jsonId id in the data file, with its JSON type; an empty string if there is none
 * @param system system prompt in place of the template's; null for the template's own
 * @param images paths relative to the image folder, in the order in which the text refers to them
 */
public record Conversation(JsonId jsonId, @Nullable String system, List<String> images, List<Turn> turns)
        implements Serializable {
    public Conversation {
        images = List.copyOf(images);
        turns = List.copyOf(turns);
    }

    /** A sample without a system prompt. */
    public Conversation(JsonId jsonId, List<String> images, List<Turn> turns) {
        this(jsonId, null, images, turns);
    }

    /** A sample whose id is a string. */
    public Conversation(String id, List<String> images, List<Turn> turns) {
        this(JsonId.of(id), images, turns);
    }

    /** The id as text. */
    public String id() {
        return jsonId.text();
    }

    /** Tests whether the sample has images. */
    public boolean hasImages() {
        return !images.isEmpty();
    }

    /** The same sample with a system prompt of its own. */
    public Conversation withSystem(String text) {
        return new Conversation(jsonId, text, images, turns);
    }

    /** The same sample with other turns. */
    public Conversation withTurns(List<Turn> others) {
        return new Conversation(jsonId, system, images, others);
    }
}
