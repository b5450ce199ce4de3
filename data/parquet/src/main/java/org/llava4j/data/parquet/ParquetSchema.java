package org.llava4j.data.parquet;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.parquet.format.ConvertedType;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.OriginalType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Type.Repetition;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;

/** Parser of a footer's schema: a tree that is stored as a list in depth-first order. */
final class ParquetSchema {
    private static final int MAX_DEPTH = 20;
    private static final int MAX_ELEMENTS = 10_000;

    private final List<SchemaElement> elements;
    private int next;

    private ParquetSchema(List<SchemaElement> elements) {
        this.elements = elements;
    }

    /**
     * Parses a schema.
     *
     * @throws BadInputException if it is not a tree of fields
     */
    static MessageType of(List<SchemaElement> elements) {
        if (elements.size() > MAX_ELEMENTS) {
            throw new BadInputException("has " + elements.size() + " columns; at most " + MAX_ELEMENTS + " are read");
        }
        ParquetSchema schema = new ParquetSchema(elements);
        SchemaElement root = schema.take();
        MessageType message = new MessageType(root.getName(), schema.children(root, 0));
        if (schema.next < elements.size()) {
            throw malformed();
        }
        return message;
    }

    private SchemaElement take() {
        if (next >= elements.size()) {
            throw malformed();
        }
        return elements.get(next++);
    }

    private List<Type> children(SchemaElement group, int depth) {
        if (group.getNum_children() < 1 || group.getNum_children() > elements.size() - next || depth > MAX_DEPTH) {
            throw malformed();
        }
        List<Type> fields = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (int i = 0; i < group.getNum_children(); i++) {
            Type field = field(take(), depth);
            if (!names.add(field.getName())) {
                throw new BadInputException("has two columns \"" + field.getName() + "\"; rename one");
            }
            fields.add(field);
        }
        return fields;
    }

    private Type field(SchemaElement element, int depth) {
        if (!element.isSetRepetition_type()) {
            throw malformed();
        }
        Repetition repetition = Repetition.valueOf(element.getRepetition_type().name());
        String name = element.getName();
        if (!element.isSetType()) {
            return new GroupType(
                    repetition, name, isList(element) ? OriginalType.LIST : null, children(element, depth + 1));
        }
        return new PrimitiveType(
                repetition, type(element.getType()), Math.max(1, element.getType_length()), name, text(element));
    }

    /** Returns the library's name of a type of the format. */
    static PrimitiveTypeName type(org.apache.parquet.format.Type type) {
        return type == org.apache.parquet.format.Type.BYTE_ARRAY
                ? PrimitiveTypeName.BINARY
                : PrimitiveTypeName.valueOf(type.name());
    }

    private static boolean isList(SchemaElement element) {
        return element.getConverted_type() == ConvertedType.LIST
                || (element.isSetLogicalType() && element.getLogicalType().isSetLIST());
    }

    /** Returns UTF8 for a text. Other annotations do not change how a value is read. */
    private static @Nullable OriginalType text(SchemaElement element) {
        boolean converted = element.getConverted_type() == ConvertedType.UTF8
                || element.getConverted_type() == ConvertedType.ENUM
                || element.getConverted_type() == ConvertedType.JSON;
        boolean logical = element.isSetLogicalType()
                && (element.getLogicalType().isSetSTRING()
                        || element.getLogicalType().isSetENUM()
                        || element.getLogicalType().isSetJSON());
        return converted || logical ? OriginalType.UTF8 : null;
    }

    private static BadInputException malformed() {
        return new BadInputException("has a malformed schema; download it again");
    }
}
