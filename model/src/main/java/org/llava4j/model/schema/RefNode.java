package org.llava4j.model.schema;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A reference to a part of the schema, which may contain the reference. */
final class RefNode extends Node {
    private final String pointer;
    private final String path;
    private @Nullable Node target;

    /**
     * @param pointer the reference
     * @param path path of the part that it refers to, for messages
     */
    RefNode(String pointer, String path) {
        this.pointer = pointer;
        this.path = path;
    }

    String pointer() {
        return pointer;
    }

    String path() {
        return path;
    }

    Node target() {
        return Objects.requireNonNull(target);
    }

    void setTarget(Node target) {
        this.target = target;
    }

    @Override
    void enter(int depth, Frame parent, int b, Frames out) {
        target().enter(depth, parent, b, out);
    }

    @Override
    int startCost(int depth) {
        return target().startCost(depth);
    }

    @Override
    void computeStartCost(int depth) {
        // The target's cost is this one's.
    }
}
