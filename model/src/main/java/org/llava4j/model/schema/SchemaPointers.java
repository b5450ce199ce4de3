package org.llava4j.model.schema;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;

/** References of a schema to its parts: {@code #} and JSON pointers such as {@code #/$defs/node}. */
final class SchemaPointers {
    private SchemaPointers() {}

    /**
     * Path of the part that a reference names.
     *
     * @param name of the schema in messages
     * @param referencePath path of the reference
     * @throws SchemaException if the reference does not lead into the schema
     */
    static String path(String name, String reference, String referencePath) {
        StringBuilder path = new StringBuilder(name);
        for (JsonPointer at = pointer(reference, referencePath); !at.matches(); at = at.tail()) {
            path.append('.').append(at.getMatchingProperty());
        }
        return path.toString();
    }

    private static JsonPointer pointer(String reference, String referencePath) {
        if (!reference.equals("#") && !reference.startsWith("#/")) {
            throw new SchemaException(
                    referencePath, "must begin with #/, such as #/$defs/name; other schemas cannot be referred to");
        }
        if (reference.indexOf('%') >= 0) {
            throw new SchemaException(referencePath, "contains %; write the characters themselves");
        }
        return JsonPointer.compile(reference.substring(1));
    }

    /**
     * The part that a reference names.
     *
     * @throws SchemaException if there is none
     */
    static JsonNode resolve(JsonNode root, String reference, String path) {
        JsonNode part = root.at(pointer(reference, path));
        if (part.isMissingNode()) {
            throw new SchemaException(path, "does not exist, but a '$ref' names it");
        }
        return part;
    }
}
