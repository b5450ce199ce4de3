package org.llava4j.model.schema;

/**
 * The whole answer: one value, with a space before it at most, which tokenizers put before words and which is no part of
 * an answer's text.
 */
final class AnswerNode extends ValueNode {
    private static final int SPACED = 1;

    private final Node root;

    AnswerNode(Node root) {
        this.root = root;
    }

    /** The frame before the answer. */
    Frame start() {
        return new Frame(this, START, 0, MAX_DEPTH, new Frame(new End(), START, 0, 0, null));
    }

    @Override
    void step(Frame frame, int b, Frames out) {
        if (b == ' ' && frame.phase() == START) {
            out.add(frame.at(SPACED, 0));
        } else {
            root.enter(MAX_DEPTH, frame.parent(), b, out);
        }
    }

    @Override
    int cost(int phase, long value, int depth) {
        return root.startCost(depth);
    }

    /** The end of the answer, which nothing can follow. */
    private static final class End extends ValueNode {
        @Override
        void step(Frame frame, int b, Frames out) {
            // Nothing follows.
        }

        @Override
        int cost(int phase, long value, int depth) {
            return 0;
        }
    }
}
