package org.llava4j.data.parquet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.PrimitiveType;
import org.llava4j.data.BadInputException;

/** Converter of numbers, texts and bytes to JSON. */
final class ScalarConverter extends PrimitiveConverter {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private final String name;
    private final boolean isText;
    private final ReadBudget budget;
    private final Consumer<JsonNode> target;

    /**
     * Creates a converter.
     *
     * @throws BadInputException if the type is not supported
     */
    ScalarConverter(PrimitiveType type, ReadBudget budget, Consumer<JsonNode> target) {
        name = type.getName();
        isText = type.getLogicalTypeAnnotation() instanceof LogicalTypeAnnotation.StringLogicalTypeAnnotation;
        this.budget = budget;
        this.target = target;
        switch (type.getPrimitiveTypeName()) {
            case BINARY, BOOLEAN, DOUBLE, FLOAT, INT32, INT64 -> {}
            default ->
                throw new BadInputException("column " + name + " has the type " + type.getPrimitiveTypeName()
                        + "; write texts, bytes or numbers");
        }
    }

    private void add(JsonNode value) {
        budget.add(0);
        target.accept(value);
    }

    @Override
    public void addBinary(Binary value) {
        budget.add(value.length());
        try {
            target.accept(
                    isText
                            ? JSON.textNode(StandardCharsets.UTF_8
                                    .newDecoder()
                                    .decode(value.toByteBuffer())
                                    .toString())
                            : JSON.binaryNode(value.getBytes()));
        } catch (CharacterCodingException e) {
            throw new BadInputException("column " + name + " has a text that is not UTF-8; write it as bytes", e);
        }
    }

    @Override
    public void addBoolean(boolean value) {
        add(JSON.booleanNode(value));
    }

    @Override
    public void addDouble(double value) {
        add(JSON.numberNode(value));
    }

    @Override
    public void addFloat(float value) {
        add(JSON.numberNode(value));
    }

    @Override
    public void addInt(int value) {
        add(JSON.numberNode(value));
    }

    @Override
    public void addLong(long value) {
        add(JSON.numberNode(value));
    }
}
