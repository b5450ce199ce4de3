package org.llava4j.data.parquet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.function.Consumer;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.RecordMaterializer;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Type.Repetition;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;

/**
 * Converter of rows to JSON: structs are objects, lists are arrays, bytes are binary nodes. A field that is null is
 * missing; an element that is null is JSON's null.
 */
final class RowMaterializer extends RecordMaterializer<ObjectNode> {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private final ReadBudget budget;
    private final Group root;
    private ObjectNode row = JSON.objectNode();

    /**
     * Creates a converter.
     *
     * @throws BadInputException if a column has a type that is not supported
     */
    RowMaterializer(MessageType schema, ReadBudget budget) {
        this.budget = budget;
        root = new Struct(schema, node -> row = (ObjectNode) node);
    }

    @Override
    public ObjectNode getCurrentRecord() {
        return row;
    }

    @Override
    public GroupConverter getRootConverter() {
        return root;
    }

    private Converter converter(Type type, Consumer<JsonNode> target) {
        if (type.isPrimitive()) {
            return new ScalarConverter(type.asPrimitiveType(), budget, target);
        }
        GroupType group = type.asGroupType();
        return isList(group) ? new ListOf(group, target) : new Struct(group, target);
    }

    private static boolean isList(GroupType group) {
        return group.getLogicalTypeAnnotation() instanceof LogicalTypeAnnotation.ListLogicalTypeAnnotation
                && group.getFieldCount() == 1
                && group.getType(0).isRepetition(Repetition.REPEATED);
    }

    /** Tests whether a list's repeated group holds the element, rather than being it: Parquet's rules for old files. */
    private static boolean wrapsElement(GroupType list) {
        Type repeated = list.getType(0);
        return !repeated.isPrimitive()
                && repeated.asGroupType().getFieldCount() == 1
                && !repeated.getName().equals("array")
                && !repeated.getName().equals(list.getName() + "_tuple");
    }

    /** Converter of a group with a converter for each field. */
    private abstract static class Group extends GroupConverter {
        private List<Converter> fields = List.of();

        final void setFields(List<Converter> converters) {
            fields = converters;
        }

        @Override
        public final Converter getConverter(int field) {
            return fields.get(field);
        }
    }

    /** A struct; a repeated field becomes an array. */
    private final class Struct extends Group {
        private final Consumer<JsonNode> target;
        private ObjectNode node = JSON.objectNode();

        Struct(GroupType type, Consumer<JsonNode> target) {
            this.target = target;
            setFields(type.getFields().stream()
                    .map(field -> converter(field, value -> put(field, value)))
                    .toList());
        }

        private void put(Type field, JsonNode value) {
            if (field.isRepetition(Repetition.REPEATED)) {
                node.withArrayProperty(field.getName()).add(value);
            } else {
                node.set(field.getName(), value);
            }
        }

        @Override
        public void start() {
            budget.add(0);
            node = JSON.objectNode();
        }

        @Override
        public void end() {
            target.accept(node);
        }
    }

    /** A list. */
    private final class ListOf extends Group {
        private final Consumer<JsonNode> target;
        private ArrayNode node = JSON.arrayNode();

        ListOf(GroupType type, Consumer<JsonNode> target) {
            this.target = target;
            Type repeated = type.getType(0);
            setFields(List.of(
                    wrapsElement(type)
                            ? new Element(repeated.asGroupType().getType(0), value -> node.add(value))
                            : converter(repeated, value -> node.add(value))));
        }

        @Override
        public void start() {
            budget.add(0);
            node = JSON.arrayNode();
        }

        @Override
        public void end() {
            target.accept(node);
        }
    }

    /** An element of a list, which may be null. */
    private final class Element extends Group {
        private final Consumer<JsonNode> target;
        private @Nullable JsonNode value;

        Element(Type type, Consumer<JsonNode> target) {
            this.target = target;
            setFields(List.of(converter(type, element -> value = element)));
        }

        @Override
        public void start() {
            budget.add(0);
            value = null;
        }

        @Override
        public void end() {
            target.accept(value == null ? JSON.nullNode() : value);
        }
    }
}
