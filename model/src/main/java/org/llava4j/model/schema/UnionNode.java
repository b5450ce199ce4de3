package org.llava4j.model.schema;

import java.util.List;

/** Alternatives: the values of any of several nodes. */
final class UnionNode extends Node {
    private final String path;
    private final List<Node> members;
    private List<ValueNode> alternatives = List.of();
    /** Index of the alternative with the lowest cost, by depth. */
    private final int[] cheapest = new int[MAX_DEPTH + 1];

    UnionNode(String path, List<? extends Node> members) {
        this.path = path;
        this.members = List.copyOf(members);
    }

    /** Path of the schema, for messages. */
    String path() {
        return path;
    }

    /** The members as the schema lists them. */
    List<Node> members() {
        return members;
    }

    /** @param alternatives the members, those of alternatives among them included */
    void setAlternatives(List<ValueNode> alternatives) {
        this.alternatives = List.copyOf(alternatives);
    }

    @Override
    void enter(int depth, Frame parent, int b, Frames out) {
        alternatives.get(cheapest[depth]).enter(depth, parent, b, out);
        for (int i = 0; i < alternatives.size(); i++) {
            if (i != cheapest[depth]) {
                alternatives.get(i).enter(depth, parent, b, out);
            }
        }
    }

    @Override
    int startCost(int depth) {
        return alternatives.isEmpty()
                ? TokenTrie.INFINITE
                : alternatives.get(cheapest[depth]).startCost(depth);
    }

    @Override
    void computeStartCost(int depth) {
        for (int i = 1; i < alternatives.size(); i++) {
            if (alternatives.get(i).startCost(depth) < startCost(depth)) {
                cheapest[depth] = i;
            }
        }
    }
}
