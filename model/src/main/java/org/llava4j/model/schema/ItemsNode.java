package org.llava4j.model.schema;

/**
 * Arrays with a number of items in a range. A frame's number is the number of items so far, up to the lower limit if there
 * is no upper one.
 */
final class ItemsNode extends ValueNode {
    private static final int FIRST = 1;
    private static final int AFTER = 2;
    private static final int COMMA = 3;
    private static final int SPACE = 4;

    private final Node items;
    private final int min;
    private final int max;
    private final int emptyCost;
    private final int openCost;
    private final int commaCost;
    private final int closeCost;

    /** @param max {@link StringNode#UNLIMITED} for no upper limit */
    ItemsNode(Node items, int min, int max, TokenTrie vocabulary) {
        this.items = items;
        this.min = min;
        this.max = max;
        emptyCost = vocabulary.spell("[]");
        openCost = vocabulary.spell("[");
        commaCost = vocabulary.spell(",");
        closeCost = vocabulary.spell("]");
    }

    @Override
    int cost(int phase, long value, int depth) {
        if (depth == 0) {
            return TokenTrie.INFINITE;
        }
        long missing = Math.max(0, min - value);
        long item = items.startCost(depth - 1);
        return switch (phase) {
            case START -> missing == 0 ? emptyCost : sum(openCost, itemsCost(missing, item));
            case FIRST -> missing == 0 ? closeCost : itemsCost(missing, item);
            case AFTER -> missing == 0 ? closeCost : sum(commaCost, itemsCost(missing, item));
            default -> itemsCost(Math.max(1, missing), item);
        };
    }

    /** Cost of items, commas between them, and the end. */
    private int itemsCost(long count, long item) {
        return sum(count * item, (count - 1) * commaCost, closeCost);
    }

    @Override
    long canonicalValue(int phase, long value, int maxBytes) {
        return max == StringNode.UNLIMITED ? value : canonicalCount(value, min, max, maxBytes);
    }

    @Override
    void step(Frame frame, int b, Frames out) {
        switch (frame.phase()) {
            case START -> {
                if (b == '[' && frame.depth() > 0) {
                    out.add(frame.at(FIRST, 0));
                }
            }
            case FIRST -> {
                if (b == ']' && min == 0) {
                    out.add(frame.parent());
                } else if (max > 0) {
                    enterItem(frame, b, out);
                }
            }
            case AFTER -> {
                if (b == ']' && frame.value() >= min) {
                    out.add(frame.parent());
                } else if (b == ',' && frame.value() < max) {
                    out.add(frame.at(COMMA, frame.value()));
                }
            }
            case COMMA -> {
                if (b == ' ') {
                    out.add(frame.at(SPACE, frame.value()));
                } else {
                    enterItem(frame, b, out);
                }
            }
            default -> enterItem(frame, b, out);
        }
    }

    private void enterItem(Frame frame, int b, Frames out) {
        long count = frame.value() + 1;
        Frame after = frame.at(AFTER, max == StringNode.UNLIMITED ? Math.min(min, count) : count);
        items.enter(frame.depth() - 1, after, b, out);
    }
}
