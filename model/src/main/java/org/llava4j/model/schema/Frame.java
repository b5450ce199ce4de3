package org.llava4j.model.schema;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Position of a {@link ValueNode} in a value, on top of the frames of the values around it. Immutable. */
final class Frame {
    private final ValueNode node;
    private final int phase;
    private final long value;
    private final int depth;
    private final @Nullable Frame parent;
    private final int cost;
    private final int hash;

    /**
     * @param value a number whose meaning depends on the phase
     * @param depth number of objects and arrays that may still be nested, the frame's own included
     * @param parent frame after the value; null at the end of the answer
     */
    Frame(ValueNode node, int phase, long value, int depth, @Nullable Frame parent) {
        this.node = node;
        this.phase = phase;
        this.value = value;
        this.depth = depth;
        this.parent = parent;
        cost = Node.sum(node.cost(phase, value, depth), parent == null ? 0 : parent.cost);
        int ofParent = parent == null ? 0 : parent.hash;
        hash = ((ofParent * 31 + System.identityHashCode(node)) * 31 + phase * 37 + depth) * 31 + Long.hashCode(value);
    }

    /** The frame of the same node in another phase. */
    Frame at(int newPhase, long newValue) {
        return newPhase == phase && newValue == value ? this : new Frame(node, newPhase, newValue, depth, parent);
    }

    int phase() {
        return phase;
    }

    long value() {
        return value;
    }

    int depth() {
        return depth;
    }

    /** Number of tokens that are enough to complete the answer. */
    int cost() {
        return cost;
    }

    /** The frame after the value. */
    Frame parent() {
        return Objects.requireNonNull(parent);
    }

    /** Whether this is the end of the answer. */
    boolean isEnd() {
        return parent == null;
    }

    /** Whether the answer may end here. */
    boolean isAccepting() {
        return parent == null || (node.canEnd(phase, value) && parent.isAccepting());
    }

    /** Adds the frames after a byte. The frames of a value that ends come first: their costs are the lowest. */
    void step(int b, Frames out) {
        if (parent != null && node.canEnd(phase, value)) {
            parent.step(b, out);
        }
        node.step(this, b, out);
    }

    /** An equal frame for all texts of up to {@code maxBytes} bytes ({@link ValueNode#canonicalValue}). */
    Frame canonical(int maxBytes) {
        Frame newParent = parent == null ? null : parent.canonical(maxBytes);
        long newValue = node.canonicalValue(phase, value, maxBytes);
        return newParent == parent && newValue == value ? this : new Frame(node, phase, newValue, depth, newParent);
    }

    @Override
    public boolean equals(Object other) {
        return this == other
                || (other instanceof Frame frame
                        && hash == frame.hash
                        && node == frame.node
                        && phase == frame.phase
                        && value == frame.value
                        && depth == frame.depth
                        && Objects.equals(parent, frame.parent));
    }

    @Override
    public int hashCode() {
        return hash;
    }
}
