package org.llava4j.model.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.SplittableRandom;

/** Random schemas of all that is supported. */
public final class RandomSchemas {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final List<String> NAMES =
            List.of("a", "ab", "abc", "name", "color", "x\"y", "größe", "東", "with space", "\\", "😀", "$ref", "0");
    private static final List<JsonNode> VALUES = List.of(
            JSON.textNode("red"),
            JSON.textNode("green"),
            JSON.textNode("re"),
            JSON.textNode(""),
            JSON.textNode("\n\"é😀"),
            JSON.numberNode(1),
            JSON.numberNode(12),
            JSON.numberNode(-3),
            JSON.numberNode(2.5),
            JSON.booleanNode(true),
            JSON.nullNode());

    private final SplittableRandom random;

    public RandomSchemas(long seed) {
        random = new SplittableRandom(seed);
    }

    /** A schema whose definitions refer to each other and to themselves. */
    public ObjectNode next() {
        ObjectNode definitions = JSON.objectNode();
        ObjectNode schema = schema(3);
        definitions.set("leaf", schema(0));
        ObjectNode tree = JSON.objectNode().put("type", "object");
        tree.putObject("properties").set("value", schema(1));
        ObjectNode children = ((ObjectNode) tree.get("properties")).putObject("children");
        children.put("type", "array").set("items", ref("tree"));
        tree.putArray("required").add("children");
        definitions.set("tree", tree);
        ObjectNode list = definitions.putObject("list");
        ArrayNode either = list.putArray("anyOf");
        either.addObject().put("type", "null");
        ObjectNode cell = either.addObject().put("type", "object");
        ObjectNode properties = cell.putObject("properties");
        properties.set("head", ref("leaf"));
        properties.set("tail", ref("list"));
        cell.putArray("required").add("head").add("tail");
        schema.set("$defs", definitions);
        return schema;
    }

    private static ObjectNode ref(String name) {
        return JSON.objectNode().put("$ref", "#/$defs/" + name);
    }

    private ObjectNode schema(int depth) {
        ObjectNode schema = JSON.objectNode();
        if (random.nextInt(4) == 0) {
            schema.put("description", "any text, {\"type\": 1}").put("title", "T");
        }
        int kind = depth == 3 && random.nextInt(4) > 0 ? 7 + random.nextInt(7) : random.nextInt(depth == 0 ? 8 : 14);
        switch (kind) {
            case 0 -> string(schema);
            case 1 -> integer(schema);
            case 2 -> schema.put("type", "number");
            case 3 -> schema.put("type", random.nextBoolean() ? "boolean" : "null");
            case 4 -> {
                ArrayNode values = schema.putArray("enum");
                for (int i = random.nextInt(4); i >= 0; i--) {
                    values.add(VALUES.get(random.nextInt(VALUES.size())));
                }
            }
            case 5 -> schema.set("const", VALUES.get(random.nextInt(VALUES.size())));
            case 6 -> string(schema).putArray("type").add("string").add("null").add("integer");
            case 7 -> {
                if (depth == 3) {
                    schema.put("type", "object"); // any object
                }
            }
            case 8 -> {
                ArrayNode anyOf = schema.putArray("anyOf");
                for (int i = random.nextInt(4); i >= 0; i--) {
                    anyOf.add(schema(depth - 1));
                }
            }
            case 9 -> array(schema, depth);
            case 10 -> schema.put("type", "object").set("additionalProperties", schema(depth - 1));
            case 11 -> schema.setAll(ref(List.of("leaf", "tree", "list").get(random.nextInt(3))));
            default -> object(schema, depth);
        }
        if (schema.has("$ref")) {
            schema.retain("$ref");
        }
        return schema;
    }

    private ObjectNode string(ObjectNode schema) {
        schema.put("type", "string");
        int min = random.nextInt(3) == 0 ? random.nextInt(30) : 0;
        if (min > 0) {
            schema.put("minLength", min);
        }
        if (random.nextInt(3) == 0) {
            schema.put("maxLength", min + random.nextInt(20));
        }
        return schema;
    }

    private void integer(ObjectNode schema) {
        schema.put("type", "integer");
        long low = random.nextLong(-2000, 2000) * (random.nextInt(3) == 0 ? 100_000_000_000L : 1);
        if (random.nextBoolean()) {
            schema.put(random.nextBoolean() ? "minimum" : "exclusiveMinimum", low);
        }
        if (random.nextBoolean()) {
            schema.put(random.nextBoolean() ? "maximum" : "exclusiveMaximum", low + 2 + random.nextInt(3000));
        }
    }

    private void array(ObjectNode schema, int depth) {
        schema.put("type", "array");
        if (random.nextInt(5) > 0) {
            schema.set("items", schema(depth - 1));
        }
        int min = random.nextInt(2) == 0 ? random.nextInt(4) : 0;
        schema.put("minItems", min);
        if (random.nextBoolean()) {
            schema.put("maxItems", min + random.nextInt(4));
        }
    }

    private void object(ObjectNode schema, int depth) {
        schema.put("type", "object").put("additionalProperties", false);
        ObjectNode properties = schema.putObject("properties");
        ArrayNode required = schema.putArray("required");
        for (int i = random.nextInt(6); i > 0; i--) {
            String name = NAMES.get(random.nextInt(NAMES.size()));
            if (!properties.has(name)) {
                properties.set(name, schema(depth - 1));
                if (random.nextBoolean()) {
                    required.add(name);
                }
            }
        }
    }
}
