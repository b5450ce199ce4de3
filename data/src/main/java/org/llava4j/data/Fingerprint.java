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

/**
 * Everything that a result depends on: an ordered map from a plain name to a value, or to the hash of a content. Two
 * results with equal identities are the same result; where they differ, {@link #differences} names what differs.
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

    /** Collects the values of an identity. */
    public static final class Builder {
        private final Map<String, String> values = new LinkedHashMap<>();

        /** Adds one value. @throws IllegalStateException if the name is taken */
        public Builder add(String name, Object value) {
            if (values.putIfAbsent(name, String.valueOf(value)) != null) {
                throw new IllegalStateException("two values are called " + name);
            }
            return this;
        }

        /** Adds the values of a JSON tree, each by the keys that lead to it; {@code prefix} precedes them. */
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

        /** As {@link #addAll(String, JsonNode)} for the values of a record. */
        public Builder addAll(String prefix, Record values) {
            byte[] json = JsonInput.write(values).getBytes(StandardCharsets.UTF_8);
            return addAll(prefix, JsonInput.parse(prefix, json));
        }

        /** Adds the hashes of files by their names. */
        public Builder addFiles(String prefix, Map<String, Path> named, InputSnapshot hashed) {
            named.forEach((name, file) -> add(prefix + name, "sha256 " + hashed.sha256(file)));
            return this;
        }

        public Fingerprint build() {
            return new Fingerprint(values);
        }
    }

    /**
     * Lists what differs, each as its name with the value of this identity and the value of the other.
     *
     * @param compared names that count
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

    /** All differences, see {@link #differences(Fingerprint, Predicate)}. */
    public List<String> differences(Fingerprint now) {
        return differences(now, name -> true);
    }

    /** Differences as one text, of which the first few are listed and the others counted. */
    public static String summarize(List<String> differences) {
        int more = differences.size() - MAX_LISTED;
        return String.join("; ", differences.subList(0, Math.min(MAX_LISTED, differences.size())))
                + (more > 0 ? "; and " + more + " more" : "");
    }

    private static String abbreviated(String value) {
        if (value == null) {
            return "absent";
        }
        return value.length() > MAX_VALUE_CHARS ? value.substring(0, MAX_VALUE_CHARS) + "..." : value;
    }
}
