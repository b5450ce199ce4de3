package org.llava4j.data.gguf;

import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;

/**
 * Typed metadata of a GGUF file. A missing or mistyped key is an error that names the key and the file. Integers of any width
 * are {@code long}, so that writers may choose it.
 */
public final class GgufMetadata {
    private final Path file;
    /** A Long, Double, Boolean or String, or a list of one of them. */
    private final Map<String, Object> values;

    GgufMetadata(Path file, Map<String, Object> values) {
        this.file = file;
        this.values = values;
    }

    /** All keys, in the order of the file. */
    public Set<String> keys() {
        return Collections.unmodifiableSet(values.keySet());
    }

    public boolean has(String key) {
        return values.containsKey(key);
    }

    public String text(String key) {
        return as(String.class, key, "a string");
    }

    public String text(String key, String absent) {
        return has(key) ? text(key) : absent;
    }

    public boolean bool(String key, boolean absent) {
        return has(key) ? as(Boolean.class, key, "a BOOL") : absent;
    }

    /** A non-negative integer. */
    public int integer(String key) {
        long value = as(Long.class, key, "an integer");
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw error(key, "is " + value + " but must be from 0 to " + Integer.MAX_VALUE);
        }
        return (int) value;
    }

    public int integer(String key, int absent) {
        return has(key) ? integer(key) : absent;
    }

    /** A finite number; an integer counts too. */
    public double decimal(String key) {
        Object value = values.get(key);
        double number = value instanceof Long whole ? whole : as(Double.class, key, "a number");
        if (!Double.isFinite(number)) {
            throw error(key, "is " + number + ", which is not a finite number");
        }
        return number;
    }

    public double decimal(String key, double absent) {
        return has(key) ? decimal(key) : absent;
    }

    public List<String> texts(String key) {
        return list(String.class, key, "an array of strings");
    }

    public List<Long> integers(String key) {
        return list(Long.class, key, "an array of integers");
    }

    public List<Double> decimals(String key) {
        return list(Double.class, key, "an array of floating-point numbers");
    }

    /** The value of a key as text, for messages; null if the key is absent. An array is its length. */
    public @Nullable String describe(String key) {
        Object value = values.get(key);
        if (value instanceof List<?> list) {
            return "an array of " + list.size();
        }
        return value == null ? null : String.valueOf(value);
    }

    private <T> T as(Class<T> type, String key, String what) {
        Object value = values.get(key);
        if (value == null) {
            throw error(key, "is missing; it must be " + what);
        }
        if (!type.isInstance(value)) {
            throw error(key, "must be " + what + ", is " + describe(key));
        }
        return type.cast(value);
    }

    @SuppressWarnings("unchecked") // all elements of an array have the type of the first
    private <T> List<T> list(Class<T> type, String key, String what) {
        List<?> list = as(List.class, key, what);
        if (!list.isEmpty() && !type.isInstance(list.get(0))) {
            throw error(key, "must be " + what + ", is one of " + list.get(0));
        }
        return (List<T>) list;
    }

    /** Creates the error for a key. */
    public BadInputException error(String key, String what) {
        return new BadInputException(file + ": \"" + key + "\" " + what);
    }
}
