package org.llava4j.model.schema;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A set of alternative frames: several alternatives of a schema may begin alike. It has a maximum size, which bounds time
 * and memory; frames beyond it are dropped, which makes fewer answers possible but no invalid ones. The order is that of
 * insertion: nodes add the frames of the shortest completion first, so that it is never dropped.
 */
final class Frames {
    /** Maximum number of frames. */
    static final int MAX_SIZE = 32;

    private Frame[] frames = new Frame[4];
    private int size;
    /** The frame whose successors are being added. */
    private @Nullable Frame source;

    void clear() {
        size = 0;
    }

    /** Adds the frames after a byte. */
    void addAfter(Frames before, int b) {
        for (int i = 0; i < before.size; i++) {
            source = before.frames[i];
            source.step(b, this);
        }
        source = null;
    }

    /**
     * Adds a frame unless it is there. A frame that a byte does not change is not compared: those of a set are different,
     * and another that becomes equal to it does no harm.
     */
    void add(Frame frame) {
        for (int i = 0; i < size && frame != source; i++) {
            if (frames[i].equals(frame)) {
                return;
            }
        }
        if (size < MAX_SIZE) {
            if (size == frames.length) {
                frames = Arrays.copyOf(frames, 2 * size);
            }
            frames[size++] = frame;
        }
    }

    int size() {
        return size;
    }

    /** The lowest cost. */
    int cost() {
        int cost = TokenTrie.INFINITE;
        for (int i = 0; i < size; i++) {
            cost = Math.min(cost, frames[i].cost());
        }
        return cost;
    }

    List<Frame> toList() {
        return List.of(Arrays.copyOf(frames, size));
    }
}
