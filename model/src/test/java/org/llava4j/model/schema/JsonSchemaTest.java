package org.llava4j.model.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonSchemaTest {
    private static final JsonMapper JSON_MAPPER = new JsonMapper();
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "true",
                "{}",
                "{'type': 'object', 'properties': {'a': {'type': 'string'}}, 'required': ['a'], 'additionalProperties': false}",
                "{'type': 'object', 'additionalProperties': {'type': 'integer'}}",
                "{'type': ['string', 'null'], 'minLength': 1, 'maxLength': 3, 'description': 'x', 'default': {'pattern': 1}}",
                "{'$schema': 'https://json-schema.org/draft/2020-12/schema', 'title': 'T', 'type': 'integer', 'minimum': 0.5}",
                "{'anyOf': [{'const': 1}, {'enum': ['a', null, true]}], 'examples': [1]}",
                "{'enum': [0.1, -0.0, 1e3, 1.50, 0.12345678901234568, 12345678901234567890]}",
                "{'type': 'integer', 'minimum': -1.0, 'maximum': 1e-300, 'examples': [1e-2147483640]}",
                "{'$ref': '#/$defs/a', '$defs': {'a': {'type': 'array', 'items': {'$ref': '#'}}, 'unused': {'pattern': 1}}}",
                "{'$ref': '#/definitions/a~1b', 'definitions': {'a/b': {'type': 'null'}}}",
                "{'type': 'object', 'properties': {'next': {'anyOf': [{'$ref': '#'}, {'type': 'null'}]}}, 'required': ['next']}",
                "{'anyOf': [{'$ref': '#'}, {'type': 'string'}]}",
                "{'type': 'integer', 'minimum': -1e400, 'exclusiveMaximum': 1e30}"
            })
    void ofAcceptsSupportedKeywords(String schema) {
        assertThat(parse(schema).json())
                .isEqualTo(JsonSchema.parse(schema.replace('\'', '"')).json());
    }

    private static JsonSchema parse(String schema) {
        return JsonSchema.parse(schema.replace('\'', '"'));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'type': 'string', 'pattern': 'a'} | schema.pattern | not supported; remove it",
                "{'type': 'object', 'properties': {'a': {'type': 'string', 'format': 'date'}}} | schema.properties.a.format | not supported",
                "{'type': 'array', 'items': {'anyOf': [{'type': 'null'}, {'oneOf': []}]}} | schema.items.anyOf[1].oneOf | not supported",
                "{'$ref': '#/$defs/X', '$defs': {'X': {'allOf': []}}} | schema.$defs.X.allOf | not supported",
                "{'type': 'number', 'minimum': 1} | schema.minimum | not supported for the type number",
                "{'type': ['integer', 'number'], 'maximum': 1} | schema.maximum | not supported for the type",
                "{'type': 'string', 'items': {}} | schema.items | not supported for the type string",
                "{'type': 'array', 'uniqueItems': true} | schema.uniqueItems | not supported",
                "{'properties': {}} | schema.properties | needs a 'type'",
                "{'type': 'strnig'} | schema.type | must be object, array",
                "{'type': []} | schema.type | must be object, array",
                "{'type': 'object', 'properties': {'a': {}}, 'additionalProperties': true} | schema.additionalProperties | must be false",
                "{'type': 'object', 'properties': {'a': {}}, 'required': ['b']} | schema.required | names 'b'",
                "{'type': 'object', 'required': ['b']} | schema.required | needs 'properties'",
                "{'type': 'object', 'properties': {}, 'required': ['b']} | schema.required | needs 'properties'",
                "{'type': 'object', 'properties': {'a': {}}, 'required': 'a'} | schema.required | array of strings",
                "{'type': 'object', 'properties': []} | schema.properties | object of schemas",
                "{'type': 'string', 'minLength': 5, 'maxLength': 4} | schema.minLength | above 'maxLength'",
                "{'type': 'string', 'minLength': -1} | schema.minLength | integer from 0",
                "{'type': 'string', 'minLength': 1.5} | schema.minLength | integer from 0",
                "{'type': 'array', 'minItems': 10001} | schema.minItems | integer from 0 to 10000",
                "{'type': 'integer', 'minimum': 3, 'exclusiveMaximum': 3} | schema | allows no integer",
                "{'type': 'integer', 'minimum': 1e18} | schema | allows no integer of up to 18 digits",
                "{'type': 'integer', 'minimum': '1'} | schema.minimum | must be a number",
                "{'enum': []} | schema.enum | at least one",
                "{'enum': [[]]} | schema.enum | object or an array",
                "{'enum': [1e999]} | schema.enum | too large",
                "{'const': 1e-2147483640} | schema.const | is 0.0 as a double; give that",
                "{'enum': [0.1, 0.123456789012345678901]} | schema.enum | is 0.12345678901234568 as a double",
                "{'enum': [1e2147483640]} | schema.enum | too large",
                "{'type': 'string', 'enum': [1]} | schema.enum | no value of the type",
                "{'type': 'string', 'const': 'a', 'minLength': 1} | schema.minLength | beside 'const'",
                "{'const': '\\ud800'} | schema.const | surrogate",
                "{'anyOf': []} | schema.anyOf | at least one",
                "{'anyOf': [{}], 'type': 'object'} | schema.type | beside 'anyOf'",
                "{'anyOf': [{'$ref': '#'}]} | schema | refers to itself only",
                "{'$ref': '#'} | schema | refers to itself only",
                "{'$ref': '#/$defs/a'} | schema.$defs.a | does not exist",
                "{'$ref': 'other.json#/a'} | schema.$ref | must begin with #/",
                "{'$ref': '#/$defs/a', 'minLength': 1} | schema.minLength | beside '$ref'",
                "{'$ref': 1} | schema.$ref | must be a string",
                "{'type': 'object', 'properties': {'a': {'$ref': '#'}}, 'required': ['a']} | schema | refers to itself",
                "{'type': 'object', 'properties': {'a': {'$ref': '#/$defs/b'}}, '$defs': {'b': {'type': 'array', 'minItems': 1, 'items': {'$ref': '#/$defs/b'}}}} | schema.$defs.b | refers to itself",
                "{'type': 'object', 'properties': {'a': false}} | schema.properties.a | allows no value",
                "{'type': 'object', 'properties': {'a': 1}} | schema.properties.a | must be a schema",
                "[] | schema | must be a schema",
                "{'type': 'null', 'nullable': true} | schema.nullable | not supported"
            })
    void ofRefusesByPath(String schema, String path, String problem) {
        assertThatThrownBy(() -> parse(schema))
                .isInstanceOf(SchemaException.class)
                .hasMessageStartingWith("'" + path + "' ")
                .hasMessageContaining(problem)
                .extracting(e -> ((SchemaException) e).path())
                .isEqualTo(path);
    }

    @Test
    void equalTextsAreEqualSchemas() {
        assertThat(parse("{'type': 'null'}"))
                .isEqualTo(parse("{ 'type':'null' }"))
                .hasSameHashCodeAs(parse("{'type':'null'}"))
                .isNotEqualTo(parse("{}"));
        assertThat(parse("{'type': 'object', 'properties': {'a': {}, 'b': {}}}"))
                .as("the order of properties matters")
                .isNotEqualTo(parse("{'type': 'object', 'properties': {'b': {}, 'a': {}}}"));
    }

    private static ObjectNode type(String type) {
        return JSON.objectNode().put("type", type);
    }

    private static ObjectNode nested(int levels) {
        ObjectNode schema = type("null");
        for (int i = 0; i < levels; i++) {
            ObjectNode outer = type("object");
            outer.putObject("properties").set("a", schema);
            outer.putArray("required").add("a");
            schema = outer;
        }
        return schema;
    }

    @Test
    void ofLimitsNesting() {
        assertThatCode(() -> JsonSchema.of(nested(32))).doesNotThrowAnyException();
        assertThatThrownBy(() -> JsonSchema.of(nested(33))).hasMessageContaining("up to 32 nested");
        assertThatThrownBy(() -> JsonSchema.of(nested(5000))).hasMessageContaining("more than 100 levels");
        ObjectNode alternatives = type("null");
        for (int i = 0; i < 5000; i++) {
            ObjectNode outer = JSON.objectNode();
            outer.putArray("anyOf").add(alternatives);
            alternatives = outer;
        }
        JsonNode deep = alternatives;
        assertThatThrownBy(() -> JsonSchema.of(deep)).hasMessageContaining("more than 100 levels");
    }

    @Test
    @Timeout(60)
    void ofLimitsSizes() {
        ObjectNode wide = type("object");
        ObjectNode properties = wide.putObject("properties");
        for (int i = 0; i < 4000; i++) {
            properties.set("property " + i, type("string").put("minLength", i));
        }
        assertThatCode(() -> JsonSchema.of(wide)).doesNotThrowAnyException();
        for (int i = 0; i < 2000; i++) {
            properties.set("other " + i, type("string"));
        }
        assertThatThrownBy(() -> JsonSchema.of(wide)).hasMessageContaining("more than 5000 schemas");
        ObjectNode values = JSON.objectNode();
        ArrayNode all = values.putArray("enum");
        for (int i = 0; i < 5000; i++) {
            all.add(i);
        }
        assertThatCode(() -> JsonSchema.of(values)).doesNotThrowAnyException();
        all.add(0);
        assertThatThrownBy(() -> JsonSchema.of(values)).hasMessageContaining("more than 5000 values");
        assertThatThrownBy(() -> JsonSchema.of(JSON.objectNode().put("const", "a".repeat(200_000))))
                .hasMessageContaining("more than 200000 bytes");
    }

    /** Chains of definitions in which each names the next twice, and which a naive compiler would expand. */
    @Test
    @Timeout(60)
    void ofBoundsRepeatedReferences() {
        for (String kind : List.of("anyOf", "array", "object", "enum")) {
            ObjectNode root = JSON.objectNode().put("$ref", "#/$defs/0");
            ObjectNode definitions = root.putObject("$defs");
            int length = 1500;
            for (int i = 0; i < length; i++) {
                JsonNode next =
                        i + 1 == length ? type("null") : JSON.objectNode().put("$ref", "#/$defs/" + (i + 1));
                ObjectNode definition = JSON.objectNode();
                switch (kind) {
                    case "anyOf" -> definition.putArray("anyOf").add(next).add(next);
                    case "enum" -> {
                        ObjectNode value = JSON.objectNode().put("const", "value " + i);
                        definition.putArray("anyOf").add(next).add(value);
                    }
                    case "array" -> definition.put("type", "array").set("items", next);
                    default -> {
                        definition.put("type", "object").putObject("properties").set("a", next);
                        ((ObjectNode) definition.get("properties")).set("b", next);
                    }
                }
                definitions.set(String.valueOf(i), definition);
            }
            if (kind.equals("enum")) {
                assertThatThrownBy(() -> JsonSchema.of(root)).hasMessageContaining("too many enumeration values");
            } else {
                assertThatCode(() -> JsonSchema.of(root)).doesNotThrowAnyException();
            }
        }
    }

    @Test
    void ofLimitsAlternatives() {
        ObjectNode schema = JSON.objectNode();
        ArrayNode anyOf = schema.putArray("anyOf");
        for (int i = 0; i < 32; i++) {
            anyOf.add(type("string").put("maxLength", i));
        }
        assertThatThrownBy(() -> JsonSchema.of(schema)).hasMessageContaining("32 alternatives or more");
    }

    /** Random changes of valid schemas: each is compiled, and then has an answer, or is refused. */
    @Test
    @Timeout(120)
    void ofCompilesOrRefusesAnyJson() throws IOException {
        TokenTrie vocabulary = new TokenTrie(Vocabularies.random(600, 7));
        SplittableRandom random = new SplittableRandom(7);
        RandomSchemas schemas = new RandomSchemas(7);
        int compiled = 0;
        for (int i = 0; i < 20_000; i++) {
            ObjectNode schema = schemas.next();
            for (int change = random.nextInt(4); change > 0; change--) {
                change(schema, random);
            }
            try {
                assertThat(JSON_MAPPER
                                .readTree(shortest(JsonSchema.of(schema), vocabulary))
                                .isMissingNode())
                        .isFalse();
                compiled++;
            } catch (SchemaException e) {
                assertThat(e).hasMessageStartingWith("'schema");
            }
        }
        assertThat(compiled).isBetween(2000, 18_000);
    }

    /** The answer of the first token that leaves enough tokens for the rest, each time. */
    private static String shortest(JsonSchema schema, TokenTrie vocabulary) {
        SchemaAutomaton automaton = new SchemaAutomaton(schema, vocabulary, Set.of());
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        List<Frame> state = automaton.start();
        while (SchemaAutomaton.cost(state) > 0) {
            TokenMask mask = automaton.mask(state, SchemaAutomaton.cost(state) - 1);
            int token = 0;
            while (!mask.allows(token)) {
                token++;
            }
            answer.writeBytes(vocabulary.bytes(token));
            state = automaton.advance(state, token);
        }
        return answer.toString(StandardCharsets.UTF_8);
    }

    /** Replaces a random part by a random value, or adds a random key. */
    private static void change(ObjectNode schema, SplittableRandom random) {
        List<JsonNode> parents = schema.findParents(random.nextBoolean() ? "type" : "items");
        ObjectNode target = parents.isEmpty() ? schema : (ObjectNode) parents.get(random.nextInt(parents.size()));
        List<String> keys = List.of(
                "type",
                "items",
                "anyOf",
                "$ref",
                "enum",
                "const",
                "required",
                "properties",
                "minimum",
                "maxLength",
                "minItems",
                "additionalProperties",
                "pattern",
                "title",
                "maximum");
        target.set(keys.get(random.nextInt(keys.size())), value(random, 3));
    }

    private static JsonNode value(SplittableRandom random, int depth) {
        return switch (random.nextInt(depth == 0 ? 6 : 9)) {
            case 0 -> JSON.nullNode();
            case 1 -> JSON.booleanNode(random.nextBoolean());
            case 2 -> JSON.numberNode(random.nextInt(-3, 40));
            case 3 -> JSON.numberNode(random.nextDouble() * Math.pow(10, random.nextInt(-300, 300)));
            case 4 -> JSON.textNode(List.of("object", "string", "integer", "a").get(random.nextInt(4)));
            case 5 ->
                JSON.textNode(
                        List.of("#", "#/$defs/tree", "#/$defs", "#/%", "#/type").get(random.nextInt(5)));
            case 6 -> JSON.arrayNode().add(value(random, depth - 1)).add(value(random, depth - 1));
            case 7 -> new RandomSchemas(random.nextLong()).next();
            default -> JSON.objectNode().<ObjectNode>set(random.nextBoolean() ? "type" : "a", value(random, depth - 1));
        };
    }
}
