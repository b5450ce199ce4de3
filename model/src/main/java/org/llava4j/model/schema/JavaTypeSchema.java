package org.llava4j.model.schema;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.ClassUtil;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.llava4j.data.BadInputException;

/** Derives the JSON schema of a Java type, as Jackson reads it. Records are definitions, so that they may be recursive. */
final class JavaTypeSchema {
    private static final Set<Class<?>> INTEGERS = Set.of(Long.class, BigInteger.class);
    private static final Map<Class<?>, long[]> SMALL_INTEGERS = Map.of(
            Byte.class, new long[] {Byte.MIN_VALUE, Byte.MAX_VALUE},
            Short.class, new long[] {Short.MIN_VALUE, Short.MAX_VALUE},
            Integer.class, new long[] {Integer.MIN_VALUE, Integer.MAX_VALUE});
    private static final Set<Class<?>> COLLECTIONS = Set.of(List.class, Collection.class, Iterable.class);

    private final JsonNodeFactory json = JsonNodeFactory.instance;
    private final Map<JavaType, String> names = new LinkedHashMap<>();
    private final ObjectNode definitions = json.objectNode();
    /** Number of records whose definition is not complete. */
    private int open;

    /** @throws BadInputException if the type, or a part of it, is not supported */
    ObjectNode of(Class<?> type) {
        ObjectNode schema = schema(TypedSchema.MAPPER.constructType(type), type.getSimpleName());
        if (!definitions.isEmpty()) {
            schema.set("$defs", definitions);
        }
        return schema;
    }

    private ObjectNode schema(JavaType type, String path) {
        Class<?> raw = boxed(type.getRawClass());
        if (raw == String.class) {
            return ofType("string");
        } else if (raw == Boolean.class) {
            return ofType("boolean");
        } else if (raw == Double.class || raw == BigDecimal.class) {
            return ofType("number");
        } else if (INTEGERS.contains(raw)) {
            return ofType("integer");
        } else if (SMALL_INTEGERS.containsKey(raw)) {
            long[] range = SMALL_INTEGERS.get(raw);
            return ofType("integer").put("minimum", range[0]).put("maximum", range[1]);
        } else if (raw == JsonNode.class) {
            return json.objectNode();
        } else if (raw.isEnum()) {
            return enumeration(raw, path);
        } else if (raw == Optional.class) {
            ObjectNode schema = json.objectNode();
            schema.putArray("anyOf").add(schema(content(type), path)).add(ofType("null"));
            return schema;
        } else if (COLLECTIONS.contains(raw) || (raw.isArray() && raw != byte[].class && raw != char[].class)) {
            return ofType("array").set("items", schema(content(type), path + "[]"));
        } else if (raw == Map.class && type.getKeyType().getRawClass() == String.class) {
            return ofType("object").set("additionalProperties", schema(content(type), path + "{}"));
        } else if (raw.isRecord() && !type.isContainerType()) {
            return json.objectNode().put("$ref", "#/$defs/" + definition(type, path));
        }
        throw new BadInputException(path + " is a " + raw.getTypeName()
                + ", which answers cannot be read as; use a record, enum, String, boolean, double, BigDecimal, int, long,"
                + " List, Map of String, Optional or JsonNode");
    }

    private ObjectNode ofType(String type) {
        return json.objectNode().put("type", type);
    }

    private static JavaType content(JavaType type) {
        JavaType content = type.getContentType();
        return content == null ? type.containedTypeOrUnknown(0) : content;
    }

    private static Class<?> boxed(Class<?> type) {
        return type.isPrimitive() ? ClassUtil.wrapperType(type) : type;
    }

    private ObjectNode enumeration(Class<?> type, String path) {
        ObjectNode schema = json.objectNode();
        ArrayNode values = schema.putArray("enum");
        for (Object constant : type.getEnumConstants()) {
            JsonNode value = TypedSchema.MAPPER.valueToTree(constant);
            if (!isRead(value, type, constant)) {
                throw new BadInputException(
                        path + " is the enum " + type.getSimpleName() + ", whose value " + constant + " serializes to "
                                + value + ", which does not deserialize to it; remove Jackson's annotations");
            }
            values.add(value);
        }
        if (values.isEmpty()) {
            throw new BadInputException(path + " is the enum " + type.getSimpleName() + ", which has no values");
        }
        return schema;
    }

    private static boolean isRead(JsonNode value, Class<?> type, Object constant) {
        try {
            return constant == TypedSchema.MAPPER.treeToValue(value, type);
        } catch (JsonProcessingException e) {
            return false;
        }
    }

    /** Adds the definition of a record unless there is one. */
    private String definition(JavaType type, String path) {
        String known = names.get(type);
        if (known != null) {
            return known;
        }
        if (open == Node.MAX_DEPTH) {
            throw new BadInputException(path + " is inside of " + Node.MAX_DEPTH
                    + " records, perhaps because its type contains a larger one of itself; nest fewer");
        }
        String name = freeName(type.getRawClass().getSimpleName());
        names.put(type, name);
        ObjectNode schema = ofType("object");
        definitions.set(name, schema);
        ObjectNode properties = schema.putObject("properties");
        ArrayNode required = json.arrayNode();
        open++;
        for (RecordProperties.Property property : RecordProperties.of(type, path)) {
            properties.set(property.name(), schema(property.type(), property.path()));
            required.add(property.name());
        }
        open--;
        schema.set("required", required);
        schema.put("additionalProperties", false);
        return name;
    }

    private String freeName(String simpleName) {
        String name = simpleName;
        for (int i = 2; names.containsValue(name); i++) {
            name = simpleName + i;
        }
        return name;
    }
}
