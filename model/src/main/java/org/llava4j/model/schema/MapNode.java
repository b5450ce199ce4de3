package org.llava4j.model.schema;

/** Objects with any keys and values of one node. */
final class MapNode extends ValueNode {
    private static final int FIRST = 1;
    private static final int COLON = 2;
    private static final int VALUE = 3;
    private static final int SPACED_VALUE = 4;
    private static final int AFTER = 5;
    private static final int COMMA = 6;
    private static final int SPACE = 7;

    private final StringNode keys;
    private final Node values;
    private final int emptyCost;
    private final int colonCost;
    private final int closeCost;

    MapNode(StringNode keys, Node values, TokenTrie vocabulary) {
        this.keys = keys;
        this.values = values;
        emptyCost = vocabulary.spell("{}");
        colonCost = vocabulary.spell(":");
        closeCost = vocabulary.spell("}");
    }

    @Override
    int cost(int phase, long value, int depth) {
        if (depth == 0) {
            return TokenTrie.INFINITE;
        }
        int valueCost = values.startCost(depth - 1);
        return switch (phase) {
            case START -> emptyCost;
            case FIRST, AFTER -> closeCost;
            case COLON -> sum(colonCost, valueCost, closeCost);
            case VALUE, SPACED_VALUE -> sum(valueCost, closeCost);
            default -> sum(keys.startCost(0), colonCost, valueCost, closeCost);
        };
    }

    @Override
    void step(Frame frame, int b, Frames out) {
        switch (frame.phase()) {
            case START -> {
                if (b == '{' && frame.depth() > 0) {
                    out.add(frame.at(FIRST, 0));
                }
            }
            case FIRST, AFTER -> {
                if (b == '}') {
                    out.add(frame.parent());
                } else if (frame.phase() == FIRST) {
                    keys.enter(0, frame.at(COLON, 0), b, out);
                } else if (b == ',') {
                    out.add(frame.at(COMMA, 0));
                }
            }
            case COLON -> {
                if (b == ':') {
                    out.add(frame.at(VALUE, 0));
                }
            }
            case VALUE -> {
                if (b == ' ') {
                    out.add(frame.at(SPACED_VALUE, 0));
                } else {
                    values.enter(frame.depth() - 1, frame.at(AFTER, 0), b, out);
                }
            }
            case SPACED_VALUE -> values.enter(frame.depth() - 1, frame.at(AFTER, 0), b, out);
            case COMMA -> {
                if (b == ' ') {
                    out.add(frame.at(SPACE, 0));
                } else {
                    keys.enter(0, frame.at(COLON, 0), b, out);
                }
            }
            default -> keys.enter(0, frame.at(COLON, 0), b, out);
        }
    }
}
