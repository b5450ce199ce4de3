package org.llava4j.model.schema;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;

/**
 * The schema of a Java type, and the reader of its values. Supported are records, enums, {@code String}, {@code boolean},
 * {@code double}, {@code BigDecimal}, {@code byte}, {@code short}, {@code int}, {@code long}, {@code BigInteger}, their
 * wrappers, lists, arrays, maps with {@code String} keys, {@code Optional} and {@code JsonNode}. A record's components come
 * in their order, and none may be absent; a component that is {@code Optional} may be null in JSON. Jackson's annotations
 * for names ({@code JsonProperty}, {@code JsonNaming}) apply; those that change what it reads otherwise are refused, and so
 * are keys that occur twice. Immutable and thread-safe.
 *
 * @param <T> the type
 */
public final class TypedSchema<T> {
    static final JsonMapper MAPPER = JsonMapper.builder()
            .addModule(new Jdk8Module())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private final Class<T> type;
    private final JsonSchema schema;

    private TypedSchema(Class<T> type, JsonSchema schema) {
        this.type = type;
        this.schema = schema;
    }

    /**
     * Derives the schema of a type.
     *
     * @throws BadInputException if it, or a part of it, is not supported
     */
    public static <T> TypedSchema<T> of(Class<T> type) {
        return new TypedSchema<>(type, JsonSchema.of(new JavaTypeSchema().of(type), type.getSimpleName()));
    }

    /** The schema of the type. */
    public JsonSchema schema() {
        return schema;
    }

    /**
     * Reads a value.
     *
     * @throws BadInputException if the text is not JSON of the type, such as a cancelled answer, or the type's constructor
     *     refuses it
     */
    public T read(String json) {
        try {
            return MAPPER.readValue(json, type);
        } catch (JsonProcessingException e) {
            throw new BadInputException(
                    "the answer cannot be read as " + type.getSimpleName() + ": " + JsonInput.reason(e), e);
        }
    }
}
