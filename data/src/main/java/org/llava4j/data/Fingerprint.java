package org.llava4j.data;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Fingerprint of everything that a result depends on: an ordered map from names to values or to content hashes. Results
 * with equal fingerprints are interchangeable; {@link #differences} names the values that differ.
 *
 * @param values by name, in the order in which differences are listed
 */
public record Fingerprint(@JsonValue Map<String, String> values) {
    private static final int MAX_LISTED = 8;
    private static final int MAX_VALUE_CHARS = 80;

    @JsonCreator
    public Fingerprint {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /** Builder of a fingerprint. */
    public static final class Builder {
        private final Map<String, String> values = new LinkedHashMap<>();

        /**
         * Adds one value.
         *
         * @throws IllegalStateException if the name is already used
         */
        public Builder add(String name, Object value) {
            if (values.putIfAbsent(name, String.valueOf(value)) != null) {
                throw new IllegalStateException("duplicate fingerprint name " + name);
            }
            return this;
        }

        /** Adds the values of a JSON tree, named by {@code prefix} and their path of keys. */
        public Builder addAll(String prefix, JsonNode tree) {
            tree.properties().forEach(entry -> {
                String name = prefix + entry.getKey();
                if (entry.getValue().isObject()) {
                    addAll(name + ".", entry.getValue());
                } else {
                    add(name, entry.getValue());
                }
            });
            return this;
        }

        /** Adds the components of a record; see {@link #addAll(String, JsonNode)}. */
        public Builder addAll(String prefix, Record values) {
            byte[] json = JsonInput.write(values).getBytes(StandardCharsets.UTF_8);
            return addAll(prefix, JsonInput.parse(prefix, json));
        }

        /** Adds the hashes of files by their names. */
        public Builder addFiles(String prefix, Map<String, Path> named, InputSnapshot hashed) {
            named.forEach((name, file) -> add(prefix + name, "sha256 " + hashed.sha256(file)));
            return this;
        }

        /** Builds the fingerprint. */
        public Fingerprint build() {
            return new Fingerprint(values);
        }
    }

    /**
     * Lists the names whose values differ, with the value of this fingerprint and that of the other.
     *
     * @param now the other fingerprint
     * @param compared accepts the names to compare
     */
    public List<String> differences(Fingerprint now, Predicate<String> compared) {
        Set<String> names = new LinkedHashSet<>(values.keySet());
        names.addAll(now.values.keySet());
        List<String> differences = new ArrayList<>();
        for (String name : names) {
            String before = values.get(name);
            String after = now.values.get(name);
            if (compared.test(name) && !String.valueOf(before).equals(String.valueOf(after))) {
                differences.add("\"" + name + "\" was " + abbreviated(before) + " and is " + abbreviated(after));
            }
        }
        return differences;
    }

    /** Lists all differences; see {@link #differences(Fingerprint, Predicate)}. */
    public List<String> differences(Fingerprint now) {
        return differences(now, name -> true);
    }

    /** Joins differences into one text: the first ones are listed, the others counted. */
    public static String summarize(List<String> differences) {
        int more = differences.size() - MAX_LISTED;
        return String.join("; ", differences.subList(0, Math.min(MAX_LISTED, differences.size())))
                + (more > 0 ? "; and " + more + " more" : "");
    }

    private static String abbreviated(@Nullable String value) {
        if (value == null) {
            return "absent";
        }
        return value.length() > MAX_VALUE_CHARS ? value.substring(0, MAX_VALUE_CHARS) + "..." : value;
    }
}
