package org.llava4j.model.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.llava4j.model.schema.PropertiesNode.Property;

/** Compiler of a JSON schema into nodes for a vocabulary. Its time and memory are limited by the size of the schema. */
final class SchemaCompiler {
    /** Maximum number of schemas in a schema, those that references repeat included. */
    private static final int MAX_SCHEMAS = 5000;

    private static final int MAX_ENUM_VALUES = 5000;
    /** Maximum number of bytes of property names and enumeration values. */
    private static final int MAX_TEXT_BYTES = 200_000;

    /** Maximum nesting of the schema itself. */
    private static final int MAX_NESTING = 100;

    private final JsonNode root;
    private final String name;
    private final TokenTrie vocabulary;
    private final NodeFactory nodes;
    private final Map<String, RefNode> references = new LinkedHashMap<>();
    private final Deque<RefNode> uncompiled = new ArrayDeque<>();
    private int schemas;
    private int enumValues;
    private int textBytes;

    /** @param name of the schema in messages */
    SchemaCompiler(JsonNode root, String name, TokenTrie vocabulary) {
        this.root = root;
        this.name = name;
        this.vocabulary = vocabulary;
        nodes = new NodeFactory(vocabulary);
    }

    /** @throws SchemaException if the schema is invalid, not supported, too large, or cannot be spelled */
    AnswerNode compile() {
        Node compiled = schema(root, name, 0);
        while (!uncompiled.isEmpty()) {
            RefNode reference = uncompiled.remove();
            JsonNode part = SchemaPointers.resolve(root, reference.pointer(), reference.path());
            reference.setTarget(schema(part, reference.path(), 0));
        }
        nodes.link(references.values());
        if (compiled.startCost(Node.MAX_DEPTH) >= TokenTrie.INFINITE) {
            throw new SchemaException(
                    name, "has no value with up to " + Node.MAX_DEPTH + " nested objects and arrays; nest less");
        }
        return new AnswerNode(compiled);
    }

    private Node schema(JsonNode schema, String path, int nesting) {
        if (++schemas > MAX_SCHEMAS) {
            throw new SchemaException(name, "has more than " + MAX_SCHEMAS + " schemas; make it smaller");
        }
        if (nesting > MAX_NESTING) {
            throw new SchemaException(path, "is nested more than " + MAX_NESTING + " levels deep; nest less");
        }
        if (schema.isBoolean()) {
            if (!schema.booleanValue()) {
                throw new SchemaException(path, "is false, which allows no value; remove it");
            }
            return nodes.any();
        }
        if (!schema.isObject()) {
            throw new SchemaException(path, "must be a schema, which is an object");
        }
        SchemaKeywords keywords = new SchemaKeywords(schema, path);
        return switch (keywords.kind()) {
            case REFERENCE -> reference(keywords);
            case ALTERNATIVES -> alternatives(keywords, nesting);
            case VALUES -> values(keywords);
            case TYPES -> types(keywords, nesting);
            case ANY -> nodes.any();
        };
    }

    private Node reference(SchemaKeywords keywords) {
        String pointer = keywords.text("$ref");
        RefNode known = references.get(pointer);
        if (known != null) {
            return known;
        }
        RefNode reference = new RefNode(pointer, SchemaPointers.path(name, pointer, keywords.path("$ref")));
        references.put(pointer, reference);
        uncompiled.add(reference);
        return reference;
    }

    private Node alternatives(SchemaKeywords keywords, int nesting) {
        JsonNode anyOf = keywords.get("anyOf");
        if (!anyOf.isArray() || anyOf.isEmpty()) {
            throw new SchemaException(keywords.path("anyOf"), "must be an array of schemas, at least one");
        }
        List<Node> members = new ArrayList<>();
        for (JsonNode member : anyOf) {
            members.add(schema(member, keywords.path("anyOf") + "[" + members.size() + "]", nesting + 1));
        }
        return nodes.union(keywords.path(), members);
    }

    private Node values(SchemaKeywords keywords) {
        String key = keywords.has("const") ? "const" : "enum";
        JsonNode given = keywords.get(key);
        if (key.equals("enum") && (!given.isArray() || given.isEmpty())) {
            throw new SchemaException(keywords.path(key), "must be an array of values, at least one");
        }
        List<JsonNode> values = new ArrayList<>();
        if (key.equals("enum")) {
            given.forEach(values::add);
        } else {
            values.add(given);
        }
        enumValues += values.size();
        if (enumValues > MAX_ENUM_VALUES) {
            throw new SchemaException(
                    name, "has more than " + MAX_ENUM_VALUES + " values in 'enum' and 'const'; use fewer");
        }
        Set<String> types = keywords.has("type") ? keywords.types() : Set.of();
        List<byte[]> literals = new ArrayList<>();
        for (JsonNode value : values) {
            if (value.isContainerNode()) {
                throw new SchemaException(
                        keywords.path(key), "has an object or an array, which is not supported; describe it instead");
            }
            if (value.isNumber()) {
                requireDouble(value, keywords.path(key));
            }
            if (types.isEmpty() || types.stream().anyMatch(type -> SchemaKeywords.hasType(value, type))) {
                JsonNode literal = value.isBigDecimal() ? DoubleNode.valueOf(value.doubleValue()) : value;
                literals.add(spelled(literal.toString(), keywords.path(key)));
            }
        }
        if (literals.isEmpty()) {
            throw new SchemaException(keywords.path(key), "has no value of the type " + types + "; change one of them");
        }
        return nodes.literals(literals);
    }

    /** Rejects numbers that readers of the answer would change. */
    private static void requireDouble(JsonNode number, String path) {
        double value = number.doubleValue();
        if (!Double.isFinite(value)) {
            throw new SchemaException(path, "has a number that is too large; remove it");
        }
        if (number.isBigDecimal() && new BigDecimal(Double.toString(value)).compareTo(number.decimalValue()) != 0) {
            throw new SchemaException(path, "has a number that is " + value + " as a double; give that, or remove it");
        }
    }

    /** The UTF-8 bytes of a JSON text, which are counted and must be spelled by the vocabulary. */
    private byte[] spelled(String json, String path) {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        if (!new String(bytes, StandardCharsets.UTF_8).equals(json)) {
            throw new SchemaException(path, "has half of a surrogate pair, which is not valid Unicode; remove it");
        }
        textBytes += bytes.length;
        if (textBytes > MAX_TEXT_BYTES) {
            throw new SchemaException(
                    name,
                    "has more than " + MAX_TEXT_BYTES
                            + " bytes of property names and enumeration values; shorten them");
        }
        if (vocabulary.spell(bytes)[0] >= TokenTrie.INFINITE) {
            throw new SchemaException(path, "has characters that the model's tokenizer cannot spell; use others");
        }
        return bytes;
    }

    private Node types(SchemaKeywords keywords, int nesting) {
        List<Node> alternatives = new ArrayList<>();
        for (String type : keywords.types()) {
            alternatives.add(
                    switch (type) {
                        case "object" -> object(keywords, nesting);
                        case "array" -> array(keywords, nesting);
                        case "string" -> {
                            int[] range = keywords.range("minLength", "maxLength");
                            yield nodes.string(range[0], range[1]);
                        }
                        case "integer" -> {
                            long[] range = keywords.integerRange();
                            yield nodes.integer(range[0], range[1]);
                        }
                        case "number" -> nodes.number();
                        case "boolean" -> nodes.literals(List.of(ascii("true"), ascii("false")));
                        default -> nodes.literals(List.of(ascii("null")));
                    });
        }
        return alternatives.size() == 1 ? alternatives.get(0) : nodes.union(keywords.path(), alternatives);
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private Node array(SchemaKeywords keywords, int nesting) {
        int[] range = keywords.range("minItems", "maxItems");
        Node items = keywords.has("items")
                ? schema(keywords.get("items"), keywords.path("items"), nesting + 1)
                : nodes.any();
        return nodes.array(keywords.path(), items, range[0], range[1]);
    }

    private Node object(SchemaKeywords keywords, int nesting) {
        JsonNode additional = keywords.has("additionalProperties") ? keywords.get("additionalProperties") : null;
        boolean isFalse = additional != null && additional.isBoolean() && !additional.booleanValue();
        Set<String> required = keywords.required();
        if (keywords.properties().isEmpty()) {
            if (!required.isEmpty()) {
                throw new SchemaException(
                        keywords.path("required"), "needs 'properties' beside it that describe its names");
            }
            if (!isFalse) {
                Node values = additional == null
                        ? nodes.any()
                        : schema(additional, keywords.path("additionalProperties"), nesting + 1);
                return nodes.map(keywords.path(), values);
            }
        } else if (additional != null && !isFalse) {
            throw new SchemaException(
                    keywords.path("additionalProperties"),
                    "must be false beside 'properties', since no other properties are generated");
        }
        List<Property> properties = new ArrayList<>();
        Set<String> described = new HashSet<>();
        for (Map.Entry<String, JsonNode> property : keywords.properties()) {
            String path = keywords.path("properties") + "." + property.getKey();
            byte[] key = spelled(TextNode.valueOf(property.getKey()) + ":", path);
            Node value = schema(property.getValue(), path, nesting + 1);
            properties.add(new Property(key, value, required.contains(property.getKey())));
            described.add(property.getKey());
        }
        for (String property : required) {
            if (!described.contains(property)) {
                throw new SchemaException(
                        keywords.path("required"), "names '" + property + "', which 'properties' does not describe");
            }
        }
        return nodes.object(keywords.path(), properties);
    }
}
