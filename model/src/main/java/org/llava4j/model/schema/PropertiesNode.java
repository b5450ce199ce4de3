package org.llava4j.model.schema;

import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

/**
 * Objects with the properties of a schema, in its order, and no others. A frame's number is the index of the first property
 * that may follow; within a key, the key's node in the trie of all keys beside it.
 */
final class PropertiesNode extends ValueNode {
    private static final int FIRST = 1;
    private static final int KEY = 2;
    private static final int VALUE = 3;
    private static final int SPACED_VALUE = 4;
    private static final int AFTER = 5;
    private static final int COMMA = 6;
    private static final int SPACE = 7;

    private final List<Property> properties;
    private final LiteralTrie keys;
    /** The properties whose keys begin with the bytes of a node of the trie, in ascending order. */
    private final int[][] beneath;
    /** Index of the first required property from an index on; the number of properties if there is none. */
    private final int[] nextRequired;

    private final int emptyCost;
    private final int closeCost;
    /** Costs of each suffix of a key. */
    private final int[][] keyCosts;
    /** Cost of the brace before a key, with the key. */
    private final int[] openCosts;
    /** Cost of the comma before a key, with the key. */
    private final int[] commaCosts;
    /** Cost after a value by depth and next property. */
    private final int[][] afterCosts = new int[MAX_DEPTH + 1][];

    /**
     * A property of an object.
     *
     * @param key UTF-8 bytes of the quoted name and the colon
     */
    record Property(byte[] key, Node value, boolean required) {}

    PropertiesNode(List<Property> properties, TokenTrie vocabulary) {
        this.properties = List.copyOf(properties);
        int count = properties.size();
        keys = new LiteralTrie(properties.stream().map(Property::key).toList());
        beneath = new int[keys.size()][];
        nextRequired = new int[count + 1];
        nextRequired[count] = count;
        for (int i = count - 1; i >= 0; i--) {
            nextRequired[i] = properties.get(i).required() ? i : nextRequired[i + 1];
        }
        emptyCost = vocabulary.spell("{}");
        closeCost = vocabulary.spell("}");
        keyCosts = new int[count][];
        openCosts = new int[count];
        commaCosts = new int[count];
        for (int i = 0; i < count; i++) {
            byte[] key = properties.get(i).key();
            keyCosts[i] = vocabulary.spell(key);
            openCosts[i] = vocabulary.spell(prepend('{', key))[0];
            commaCosts[i] = vocabulary.spell(prepend(',', key))[0];
        }
        setBeneath();
    }

    private static byte[] prepend(char first, byte[] key) {
        byte[] all = new byte[key.length + 1];
        all[0] = (byte) first;
        System.arraycopy(key, 0, all, 1, key.length);
        return all;
    }

    private void setBeneath() {
        for (int node = keys.size() - 1; node >= 0; node--) {
            TreeSet<Integer> all = new TreeSet<>();
            if (keys.literal(node) >= 0) {
                all.add(keys.literal(node));
            }
            for (int child = keys.firstChild(node); child >= 0; child = keys.sibling(child)) {
                Arrays.stream(beneath[child]).forEach(all::add);
            }
            beneath[node] = all.stream().mapToInt(Integer::intValue).toArray();
        }
    }

    @Override
    void computeStartCost(int depth) {
        int count = properties.size();
        int[] after = new int[count + 1];
        afterCosts[depth] = after;
        for (int next = count; next >= 0; next--) {
            int required = nextRequired[next];
            after[next] = required == count ? closeCost : sum(commaCosts[required], valueCost(required, depth));
        }
        super.computeStartCost(depth);
    }

    /** Cost of a value and all that follows it. */
    private int valueCost(int property, int depth) {
        return depth == 0
                ? TokenTrie.INFINITE
                : sum(properties.get(property).value().startCost(depth - 1), afterCosts[depth][property + 1]);
    }

    /** Cost from a node of the trie of keys, over the properties that may follow. */
    private int keyCost(int next, int node, int depth) {
        int cost = TokenTrie.INFINITE;
        for (int property : beneath[node]) {
            if (isCandidate(property, next)) {
                cost = Math.min(cost, sum(keyCosts[property][keys.depth(node)], valueCost(property, depth)));
            }
        }
        return cost;
    }

    private boolean isCandidate(int property, int next) {
        return property >= next && property <= nextRequired[next];
    }

    @Override
    int cost(int phase, long value, int depth) {
        if (depth == 0) {
            return TokenTrie.INFINITE;
        }
        int next = (int) (value >> 32);
        int required = nextRequired[next];
        boolean canClose = required == properties.size();
        return switch (phase) {
            case START -> canClose ? emptyCost : sum(openCosts[required], valueCost(required, depth));
            case FIRST -> Math.min(canClose ? closeCost : TokenTrie.INFINITE, keyCost(next, 0, depth));
            case KEY -> keyCost(next, (int) value, depth);
            case VALUE, SPACED_VALUE -> valueCost(next, depth);
            case AFTER -> afterCosts[depth][next];
            default -> keyCost(next, 0, depth);
        };
    }

    @Override
    void step(Frame frame, int b, Frames out) {
        int next = (int) (frame.value() >> 32);
        boolean canClose = b == '}' && nextRequired[next] == properties.size();
        switch (frame.phase()) {
            case START -> {
                if (b == '{' && frame.depth() > 0) {
                    out.add(frame.at(FIRST, 0));
                }
            }
            case FIRST -> {
                if (canClose) {
                    out.add(frame.parent());
                } else {
                    enterKey(frame, next, 0, b, out);
                }
            }
            case KEY -> enterKey(frame, next, (int) frame.value(), b, out);
            case VALUE -> {
                if (b == ' ') {
                    out.add(frame.at(SPACED_VALUE, frame.value()));
                } else {
                    enterValue(frame, next, b, out);
                }
            }
            case SPACED_VALUE -> enterValue(frame, next, b, out);
            case AFTER -> {
                if (canClose) {
                    out.add(frame.parent());
                } else if (b == ',' && next < properties.size()) {
                    out.add(frame.at(COMMA, frame.value()));
                }
            }
            case COMMA -> {
                if (b == ' ') {
                    out.add(frame.at(SPACE, frame.value()));
                } else {
                    enterKey(frame, next, 0, b, out);
                }
            }
            default -> enterKey(frame, next, 0, b, out);
        }
    }

    private void enterKey(Frame frame, int next, int node, int b, Frames out) {
        int child = keys.child(node, b);
        if (child < 0 || Arrays.stream(beneath[child]).noneMatch(property -> isCandidate(property, next))) {
            return;
        }
        int property = keys.literal(child);
        out.add(property >= 0 ? frame.at(VALUE, (long) property << 32) : frame.at(KEY, (long) next << 32 | child));
    }

    private void enterValue(Frame frame, int property, int b, Frames out) {
        properties.get(property).value().enter(frame.depth() - 1, frame.at(AFTER, (property + 1L) << 32), b, out);
    }
}
