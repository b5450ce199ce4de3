package org.llava4j.langchain4j;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.json.JsonAnyOfSchema;
import dev.langchain4j.model.chat.request.json.JsonArraySchema;
import dev.langchain4j.model.chat.request.json.JsonBooleanSchema;
import dev.langchain4j.model.chat.request.json.JsonEnumSchema;
import dev.langchain4j.model.chat.request.json.JsonIntegerSchema;
import dev.langchain4j.model.chat.request.json.JsonNullSchema;
import dev.langchain4j.model.chat.request.json.JsonNumberSchema;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.model.chat.request.json.JsonReferenceSchema;
import dev.langchain4j.model.chat.request.json.JsonSchemaElement;
import dev.langchain4j.model.chat.request.json.JsonStringSchema;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.schema.JsonSchema;

/** Maps LangChain4j's schema elements to a JSON schema. Their descriptions have no effect on answers and are dropped. */
final class SchemaMapper {
    private static final String TYPE = "type";

    private SchemaMapper() {}

    /**
     * The schema of the answers of a format; null for text.
     *
     * @throws org.llava4j.data.BadInputException if the schema is not supported
     */
    static @Nullable JsonSchema map(@Nullable ResponseFormat format) {
        if (format == null || format.type() == ResponseFormatType.TEXT) {
            return null;
        }
        if (format.jsonSchema() == null) {
            return JsonSchema.anyObject();
        }
        JsonSchemaElement root = format.jsonSchema().rootElement();
        return root instanceof JsonRawSchema raw
                ? JsonSchema.parse(raw.schema())
                : JsonSchema.of(map(root), "responseFormat.jsonSchema");
    }

    private static ObjectNode map(JsonSchemaElement element) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        if (element instanceof JsonObjectSchema object) {
            putObject(object, json);
        } else if (element instanceof JsonArraySchema array) {
            json.put(TYPE, "array");
            if (array.items() != null) {
                json.set("items", map(array.items()));
            }
        } else if (element instanceof JsonEnumSchema enumeration) {
            putAll(json.putArray("enum"), enumeration.enumValues());
        } else if (element instanceof JsonAnyOfSchema union) {
            ArrayNode alternatives = json.putArray("anyOf");
            union.anyOf().forEach(alternative -> alternatives.add(map(alternative)));
        } else if (element instanceof JsonReferenceSchema reference) {
            json.put("$ref", "#/$defs/" + reference.reference());
        } else if (element instanceof JsonIntegerSchema) {
            // The schema of a Java type has no integer width, and LangChain4j fails to parse an integer that is too
            // wide.
            json.put(TYPE, "integer").put("minimum", Integer.MIN_VALUE).put("maximum", Integer.MAX_VALUE);
        } else {
            json.put(TYPE, scalarType(element));
        }
        return json;
    }

    private static void putObject(JsonObjectSchema object, ObjectNode json) {
        json.put(TYPE, "object");
        putAll(json.putObject("properties"), object.properties());
        putAll(json.putArray("required"), object.required());
        if (object.additionalProperties() != null) {
            json.put("additionalProperties", object.additionalProperties());
        }
        if (!object.definitions().isEmpty()) {
            putAll(json.putObject("$defs"), object.definitions());
        }
    }

    private static void putAll(ObjectNode json, Map<String, JsonSchemaElement> elements) {
        elements.forEach((name, element) -> json.set(name, map(element)));
    }

    private static void putAll(ArrayNode json, List<String> texts) {
        texts.forEach(json::add);
    }

    private static String scalarType(JsonSchemaElement element) {
        if (element instanceof JsonStringSchema) {
            return "string";
        }
        if (element instanceof JsonNumberSchema) {
            return "number";
        }
        if (element instanceof JsonBooleanSchema) {
            return "boolean";
        }
        if (element instanceof JsonNullSchema) {
            return "null";
        }
        throw new UnsupportedFeatureException(
                "the schema element " + element.getClass().getSimpleName() + " is not supported here; remove it");
    }
}
