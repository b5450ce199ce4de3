package org.llava4j.data.gguf;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Metadata of a GGUF file to write, in the order in which keys are first set. The types are those that llama.cpp expects. */
public final class GgufMetadataBuilder {
    /** Type and value of each key as bytes of the file. */
    private final Map<String, byte[]> values = new LinkedHashMap<>();

    /** Sets a string. */
    public GgufMetadataBuilder text(String key, String value) {
        return put(key, scalar(GgufValueType.STRING).string(value));
    }

    /** Sets a UINT32 from a non-negative integer. */
    public GgufMetadataBuilder integer(String key, int value) {
        if (value < 0) {
            throw new IllegalArgumentException(key + " is " + value);
        }
        return put(key, scalar(GgufValueType.UINT32).int32(value));
    }

    /** Sets a FLOAT32. */
    public GgufMetadataBuilder decimal(String key, double value) {
        return put(key, scalar(GgufValueType.FLOAT32).float32((float) value));
    }

    /** Sets a BOOL. */
    public GgufMetadataBuilder bool(String key, boolean value) {
        return put(key, scalar(GgufValueType.BOOL).int8(value ? 1 : 0));
    }

    /** Sets an array of strings. */
    public GgufMetadataBuilder texts(String key, List<String> list) {
        GgufOutput out = new GgufOutput().array(GgufValueType.STRING, list.size());
        list.forEach(out::string);
        return put(key, out);
    }

    /** Sets an array of INT32. */
    public GgufMetadataBuilder integers(String key, List<Integer> list) {
        GgufOutput out = new GgufOutput().array(GgufValueType.INT32, list.size());
        list.forEach(out::int32);
        return put(key, out);
    }

    /** Sets an array of FLOAT32. */
    public GgufMetadataBuilder decimals(String key, List<? extends Number> list) {
        GgufOutput out = new GgufOutput().array(GgufValueType.FLOAT32, list.size());
        list.forEach(value -> out.float32(value.floatValue()));
        return put(key, out);
    }

    private static GgufOutput scalar(GgufValueType type) {
        return new GgufOutput().type(type);
    }

    private GgufMetadataBuilder put(String key, GgufOutput typeAndValue) {
        values.put(key, typeAndValue.toByteArray());
        return this;
    }

    int size() {
        return values.size();
    }

    void writeTo(GgufOutput out) {
        values.forEach((key, value) -> out.string(key).raw(value));
    }
}
