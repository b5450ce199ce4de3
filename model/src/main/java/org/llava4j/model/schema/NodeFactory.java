package org.llava4j.model.schema;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.schema.PropertiesNode.Property;

/** Creates the nodes of one schema for a vocabulary. Equal scalars are one node, so that alternatives of them are one. */
final class NodeFactory {
    /** Maximum number of alternatives, those of alternatives among them included. */
    private static final int MAX_ALTERNATIVES = Frames.MAX_SIZE;

    /** Maximum number of bytes of the enumerations that are joined from others. */
    private static final long MAX_JOINED_BYTES = 1_000_000;

    private final TokenTrie vocabulary;
    private final Map<List<Object>, ValueNode> scalars = new HashMap<>();
    /** All nodes of values, with the paths of those that may have no value. */
    private final Map<ValueNode, String> paths = new HashMap<>();

    private final List<ValueNode> values = new ArrayList<>();
    private final List<UnionNode> unions = new ArrayList<>();
    private @Nullable UnionNode any;
    private long joinedBytes;

    NodeFactory(TokenTrie vocabulary) {
        this.vocabulary = vocabulary;
    }

    StringNode string(int min, int max) {
        return (StringNode) scalar(List.of("string", min, max), () -> new StringNode(min, max, vocabulary));
    }

    ValueNode integer(long min, long max) {
        return scalar(List.of("integer", min, max), () -> new IntegerNode(min, max, vocabulary));
    }

    ValueNode number() {
        return scalar(List.of("number"), () -> new NumberNode(vocabulary));
    }

    private ValueNode scalar(List<Object> key, Supplier<ValueNode> create) {
        return scalars.computeIfAbsent(key, absent -> value(key.get(0).toString(), create.get()));
    }

    ValueNode literals(List<byte[]> literals) {
        return value("enum", new LiteralNode(literals, vocabulary));
    }

    ValueNode array(String path, Node items, int min, int max) {
        return value(path, new ItemsNode(items, min, max, vocabulary));
    }

    ValueNode map(String path, Node mapValues) {
        return value(path, new MapNode(string(0, StringNode.UNLIMITED), mapValues, vocabulary));
    }

    ValueNode object(String path, List<Property> properties) {
        return value(path, new PropertiesNode(properties, vocabulary));
    }

    private ValueNode value(String path, ValueNode node) {
        values.add(node);
        paths.put(node, path);
        return node;
    }

    UnionNode union(String path, List<? extends Node> members) {
        UnionNode union = new UnionNode(path, members);
        unions.add(union);
        return union;
    }

    /** Any JSON value. */
    Node any() {
        if (any == null) {
            RefNode self = new RefNode("#", "any");
            any = union(
                    "any",
                    List.of(
                            literals(List.of(
                                    SchemaCompiler.ascii("null"),
                                    SchemaCompiler.ascii("true"),
                                    SchemaCompiler.ascii("false"))),
                            number(),
                            string(0, StringNode.UNLIMITED),
                            array("any", self, 0, StringNode.UNLIMITED),
                            map("any", self)));
            self.setTarget(any);
        }
        return any;
    }

    /**
     * Connects references and alternatives, and computes all costs.
     *
     * @throws SchemaException if a reference leads to itself only, there are too many alternatives, or a part of the schema
     *     has no value
     */
    void link(Collection<RefNode> references) {
        references.forEach(NodeFactory::requireTarget);
        for (UnionNode union : unions) {
            union.setAlternatives(alternatives(union));
        }
        for (int depth = 0; depth <= Node.MAX_DEPTH; depth++) {
            for (ValueNode value : values) {
                value.computeStartCost(depth);
            }
            for (UnionNode union : unions) {
                union.computeStartCost(depth);
            }
        }
        for (ValueNode value : values) {
            if (value.startCost(Node.MAX_DEPTH) >= TokenTrie.INFINITE) {
                throw vocabulary == TokenTrie.BYTES
                        ? new SchemaException(
                                paths.getOrDefault(value, ""),
                                "has no value with up to " + Node.MAX_DEPTH
                                        + " nested objects and arrays, perhaps because it refers to itself; make that optional")
                        : new SchemaException(
                                paths.getOrDefault(value, ""),
                                "has values that the model's tokenizer cannot spell; use another type");
            }
        }
    }

    private static void requireTarget(RefNode reference) {
        Set<Node> visited = new HashSet<>();
        Node target = reference;
        while (target instanceof RefNode next) {
            if (!visited.add(next)) {
                throw new SchemaException(reference.path(), "refers to itself only; describe a value");
            }
            target = next.target();
        }
    }

    /** The members of a union, those of unions among them included; enumerations are joined. */
    private List<ValueNode> alternatives(UnionNode union) {
        Set<Node> visited = new HashSet<>();
        Set<ValueNode> alternatives = new LinkedHashSet<>();
        List<LiteralNode> enums = new ArrayList<>();
        Deque<Node> open = new ArrayDeque<>(List.of(union));
        while (!open.isEmpty()) {
            Node node = open.removeFirst();
            if (!visited.add(node)) {
                continue;
            }
            if (node instanceof RefNode reference) {
                open.addFirst(reference.target());
            } else if (node instanceof UnionNode nested) {
                for (int i = nested.members().size() - 1; i >= 0; i--) {
                    open.addFirst(nested.members().get(i));
                }
            } else if (node instanceof LiteralNode literal) {
                enums.add(literal);
            } else {
                alternatives.add((ValueNode) node);
            }
            if (alternatives.size() >= MAX_ALTERNATIVES) {
                throw new SchemaException(union.path(), "has " + MAX_ALTERNATIVES + " alternatives or more; use fewer");
            }
        }
        if (enums.size() == 1) {
            alternatives.add(enums.get(0));
        } else if (!enums.isEmpty()) {
            alternatives.add(join(union, enums));
        }
        if (alternatives.isEmpty()) {
            throw new SchemaException(union.path(), "refers to itself only; describe a value");
        }
        return List.copyOf(alternatives);
    }

    private ValueNode join(UnionNode union, List<LiteralNode> enums) {
        List<byte[]> literals = new ArrayList<>();
        enums.forEach(node -> literals.addAll(node.literals()));
        joinedBytes += literals.stream().mapToLong(literal -> literal.length).sum();
        if (joinedBytes > MAX_JOINED_BYTES) {
            throw new SchemaException(
                    union.path(), "repeats too many enumeration values in nested alternatives; use fewer");
        }
        return literals(literals);
    }
}
