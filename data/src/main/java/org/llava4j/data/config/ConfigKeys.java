package org.llava4j.data.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.llava4j.data.BadInputException;

/**
 * The keys of one kind of JSON config. A key is read by the code, is known to have no effect on the result, or has an
 * effect that is not implemented: then only its neutral values are accepted. All other keys are unknown. A key whose
 * value is null counts as absent.
 */
public final class ConfigKeys {
    /** False, null, 0, an empty text or an empty container: whatever the key stands for is switched off. */
    public static final Predicate<JsonNode> OFF = value -> value.isNull()
            || (value.isBoolean() && !value.booleanValue())
            || (value.isNumber() && value.doubleValue() == 0)
            || (value.isTextual() && value.textValue().isEmpty())
            || (value.isContainerNode() && value.isEmpty());

    /** A factor of 1, or null. */
    public static final Predicate<JsonNode> ONE = value -> value.isNull() || value.asDouble() == 1;

    /** True, or null. */
    public static final Predicate<JsonNode> ON = value -> value.isNull() || (value.isBoolean() && value.booleanValue());

    private static final Rule ANY_VALUE = new Rule(value -> true, "");

    private final Map<String, Rule> rules;

    /**
     * @param neutral the values that change nothing
     * @param reason why others are refused, and what to do
     */
    private record Rule(Predicate<JsonNode> neutral, String reason) {}

    private ConfigKeys(Map<String, Rule> rules) {
        this.rules = Map.copyOf(rules);
    }

    /** A table without keys. */
    public static Builder builder() {
        return new Builder(new HashMap<>());
    }

    /** A table that begins with the keys of this one. */
    public Builder extend() {
        return new Builder(new HashMap<>(rules));
    }

    /** Exactly these texts, or null. */
    public static Predicate<JsonNode> text(String... permitted) {
        Set<String> texts = Set.of(permitted);
        return value -> value.isNull() || texts.contains(value.asText());
    }

    /**
     * Checks a whole file and reports its unknown keys.
     *
     * @throws BadInputException if a key has a value that would change the result
     */
    public void check(Path file, JsonNode object) {
        ConfigWarnings.unknownKeys(file, check(file.toString(), "", object));
    }

    /**
     * Checks one object of a file.
     *
     * @param source the file, for messages
     * @param prefix path of the object inside the file, with a dot at its end; empty for the whole
     * @return the unknown keys, with the prefix
     * @throws BadInputException if a key has a value that would change the result
     */
    public Set<String> check(String source, String prefix, JsonNode object) {
        Set<String> unknown = new TreeSet<>();
        object.properties().forEach(entry -> {
            Rule rule = rules.get(entry.getKey());
            if (rule == null) {
                unknown.add(prefix + entry.getKey());
            } else if (!entry.getValue().isNull() && !rule.neutral.test(entry.getValue())) {
                throw new BadInputException(source + ": \"" + prefix + entry.getKey() + "\" is "
                        + abbreviated(entry.getValue()) + "; " + rule.reason);
            }
        });
        return unknown;
    }

    private static String abbreviated(JsonNode value) {
        String text = value.isTextual() ? value.textValue() : value.toString();
        return text.length() <= 100 ? text : text.substring(0, 100) + " ...";
    }

    /** Collects the rules of a table; a later rule for a key replaces an earlier one. */
    public static final class Builder {
        private final Map<String, Rule> rules;

        private Builder(Map<String, Rule> rules) {
            this.rules = rules;
        }

        /** Keys whose values the code reads and checks itself. */
        public Builder read(String... keys) {
            return only(ANY_VALUE.neutral, ANY_VALUE.reason, keys);
        }

        /** Keys that never change the result. */
        public Builder ignored(String... keys) {
            return read(keys);
        }

        /** Keys that change the result unless they have a neutral value. */
        public Builder only(Predicate<JsonNode> neutral, String reason, String... keys) {
            for (String key : keys) {
                rules.put(key, new Rule(neutral, reason));
            }
            return this;
        }

        /** The finished table. */
        public ConfigKeys build() {
            return new ConfigKeys(rules);
        }
    }
}
