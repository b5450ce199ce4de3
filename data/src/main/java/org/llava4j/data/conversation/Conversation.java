package org.llava4j.data.conversation;

import java.io.Serializable;
import java.util.List;

/**
 * One sample: turns about no, one or several images.
 *
 * @param id what the data file calls it; empty where it has no name
 * @param images paths relative to the image folder, in the order in which the text refers to them
 */
public record Conversation(String id, List<String> images, List<Turn> turns) implements Serializable {
    public Conversation {
        images = List.copyOf(images);
        turns = List.copyOf(turns);
    }

    public boolean hasImages() {
        return !images.isEmpty();
    }

    /** The same sample with other turns. */
    public Conversation withTurns(List<Turn> others) {
        return new Conversation(id, images, others);
    }
}
