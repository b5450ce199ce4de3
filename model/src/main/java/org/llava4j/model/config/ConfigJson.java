package org.llava4j.model.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;

/** A {@code config.json} read strictly: a missing or mistyped key is an error that names it and the file. */
final class ConfigJson {
    private final Path file;
    private final JsonNode node;

    private ConfigJson(Path file, JsonNode node) {
        this.file = file;
        this.node = node;
    }

    /** @param folder a model folder, or its {@code config.json} */
    static ConfigJson read(Path folder) {
        Path file = Files.isDirectory(folder) ? folder.resolve("config.json") : folder;
        if (!Files.isReadable(file)) {
            throw new BadInputException(file + ": cannot be read; give a folder that holds a config.json");
        }
        return new ConfigJson(file, JsonInput.readObject(file));
    }

    boolean has(String key) {
        return node.hasNonNull(key);
    }

    /** The same config, where what it leaves out has these values. */
    ConfigJson withDefaults(ObjectNode defaults) {
        ObjectNode all = defaults.deepCopy();
        all.setAll((ObjectNode) node);
        return new ConfigJson(file, all);
    }

    ConfigJson child(String key) {
        return new ConfigJson(file, require(key, node.path(key).isObject(), "an object"));
    }

    int integer(String key) {
        return require(key, node.path(key).isIntegralNumber() && node.path(key).canConvertToInt(), "a whole number")
                .intValue();
    }

    int positive(String key) {
        int value = integer(key);
        if (value <= 0) {
            throw bad(key, "must be above 0, is " + value);
        }
        return value;
    }

    double real(String key) {
        return require(key, node.path(key).isNumber(), "a number").doubleValue();
    }

    String text(String key) {
        return require(key, node.path(key).isTextual(), "a text").textValue();
    }

    boolean bool(String key) {
        return require(key, node.path(key).isBoolean(), "true or false").booleanValue();
    }

    int integer(String key, int absent) {
        return has(key) ? integer(key) : absent;
    }

    double real(String key, double absent) {
        return has(key) ? real(key) : absent;
    }

    String text(String key, String absent) {
        return has(key) ? text(key) : absent;
    }

    boolean bool(String key, boolean absent) {
        return has(key) ? bool(key) : absent;
    }

    /** One of several names; what {@code named} says of another is told with the file. */
    <T> T choice(String key, String absent, Function<String, T> named) {
        try {
            return named.apply(text(key, absent));
        } catch (BadInputException e) {
            throw new BadInputException(file + ": " + e.getMessage(), e);
        }
    }

    BadInputException bad(String key, String what) {
        return new BadInputException(file + ": \"" + key + "\" " + what);
    }

    private JsonNode require(String key, boolean right, String kind) {
        JsonNode value = node.get(key);
        if (value == null || value.isNull()) {
            throw bad(key, "is missing; add it as " + kind);
        }
        if (!right) {
            throw bad(key, "must be " + kind + ", is " + value);
        }
        return value;
    }
}
