package org.llava4j.model.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileReadError;
import org.llava4j.data.config.ConfigKeys;
import org.llava4j.data.config.ConfigWarnings;

/**
 * Strict reader of {@code config.json}: a missing or mistyped key is an error that names the key and the file.
 * {@link #check} collects unknown keys of all objects of the file; {@link #reportUnknown} reports them together.
 */
final class ConfigJson {
    /** Files that quantization tools write next to the config. The weights are then quantized. */
    private static final List<String> QUANTIZATION = List.of("quantize_config.json", "quant_config.json");

    private final Path file;
    private final String prefix;
    private final JsonNode node;
    private final Set<String> unknown;

    private ConfigJson(Path file, String prefix, JsonNode node, Set<String> unknown) {
        this.file = file;
        this.prefix = prefix;
        this.node = node;
        this.unknown = unknown;
    }

    /**
     * Reads the config of a model.
     *
     * @param folder a model folder, or its {@code config.json}, or a GGUF file
     * @throws BadInputException if it cannot be read or the model family is not supported
     */
    static ConfigJson read(Path folder) {
        Path file = ConfigFile.in(folder);
        FileReadError.requireAccessible(file);
        if (!Files.exists(file)) {
            throw new BadInputException(
                    Files.isDirectory(folder)
                            ? file + " does not exist; give a folder that contains a config.json, or a GGUF file"
                            : folder + " does not exist; give a model folder or a GGUF file");
        }
        ConfigJson json = new ConfigJson(file, "", ConfigFile.read(file), new TreeSet<>(ConfigFile.unknownKeys(file)));
        ModelFamily.requireSupportedModel(json);
        for (String name : QUANTIZATION) {
            if (Files.exists(file.resolveSibling(name))) {
                throw new BadInputException(
                        file.resolveSibling(name) + ": the weights in this folder are quantized, which"
                                + " LLaVA4J does not support; use the model before quantization");
            }
        }
        return json;
    }

    /** @throws BadInputException if a key of this object has an unsupported value that would change the result */
    void check(ConfigKeys keys) {
        unknown.addAll(keys.check(file.toString(), prefix, node));
    }

    /** Reports the unknown keys of all checked objects of the file. */
    void reportUnknown() {
        ConfigWarnings.unknownKeys(file, unknown);
    }

    boolean has(String key) {
        return node.hasNonNull(key);
    }

    /** Whether a key has a non-empty object. */
    boolean hasEntries(String key) {
        return has(key) && !child(key).node.isEmpty();
    }

    /** Whether this object is nested in the file's root object. */
    boolean isNested() {
        return !prefix.isEmpty();
    }

    /** A copy with default values for missing keys. */
    ConfigJson withDefaults(ObjectNode defaults) {
        ObjectNode all = defaults.deepCopy();
        all.setAll((ObjectNode) node);
        return new ConfigJson(file, prefix, all, unknown);
    }

    /** A copy with another value of a key. */
    ConfigJson with(String key, boolean value) {
        return new ConfigJson(file, prefix, ((ObjectNode) node.deepCopy()).put(key, value), unknown);
    }

    ConfigJson child(String key) {
        return new ConfigJson(
                file, prefix + key + ".", require(key, node.path(key).isObject(), "an object"), unknown);
    }

    /** As {@link #child}; an empty object if the key is absent. */
    ConfigJson childOrEmpty(String key) {
        return has(key)
                ? child(key)
                : new ConfigJson(file, prefix + key + ".", JsonNodeFactory.instance.objectNode(), unknown);
    }

    int integer(String key) {
        return require(key, node.path(key).isIntegralNumber() && node.path(key).canConvertToInt(), "an integer")
                .intValue();
    }

    int positive(String key) {
        int value = integer(key);
        if (value <= 0) {
            throw error(key, "must be above 0, is " + value);
        }
        return value;
    }

    /** A positive integer up to a limit of {@link SizeLimits}. */
    int size(String key, int max) {
        int value = positive(key);
        if (value > max) {
            throw error(
                    key,
                    "is " + value + " but at most " + max
                            + " is supported; use the config.json that came with the weights");
        }
        return value;
    }

    double decimal(String key) {
        JsonNode value = node.path(key);
        return require(key, value.isNumber() && Double.isFinite(value.doubleValue()), "a number")
                .doubleValue();
    }

    /** Epsilon of a norm, from 0 to 1. */
    double epsilon(String key) {
        double value = decimal(key);
        if (!(value >= 0 && value <= 1)) {
            throw error(key, "must be from 0 to 1, is " + value);
        }
        return value;
    }

    String text(String key) {
        return require(key, node.path(key).isTextual(), "a string").textValue();
    }

    /** A string that names a file or folder. */
    String pathName(String key) {
        String value = text(key);
        try {
            Path unused = Path.of(value);
        } catch (InvalidPathException e) {
            throw new BadInputException(
                    file + ": \"" + prefix + key + "\" is not a path (" + e.getReason() + "); name a file or folder",
                    e);
        }
        return value;
    }

    boolean bool(String key) {
        return require(key, node.path(key).isBoolean(), "true or false").booleanValue();
    }

    int integer(String key, int absent) {
        return has(key) ? integer(key) : absent;
    }

    int size(String key, int max, int absent) {
        return has(key) ? size(key, max) : absent;
    }

    int positive(String key, int absent) {
        return has(key) ? positive(key) : absent;
    }

    double decimal(String key, double absent) {
        return has(key) ? decimal(key) : absent;
    }

    String text(String key, String absent) {
        return has(key) ? text(key) : absent;
    }

    boolean bool(String key, boolean absent) {
        return has(key) ? bool(key) : absent;
    }

    /** Parses a value with {@code parser}; adds the file to its error message. */
    <T> T choice(String key, String absent, Function<String, T> parser) {
        try {
            return parser.apply(text(key, absent));
        } catch (BadInputException e) {
            throw new BadInputException(file + ": " + e.getMessage(), e);
        }
    }

    BadInputException error(String key, String what) {
        return new BadInputException(file + ": \"" + prefix + key + "\" " + what);
    }

    private JsonNode require(String key, boolean valid, String kind) {
        JsonNode value = node.get(key);
        if (value == null || value.isNull()) {
            throw error(key, "is missing; add it as " + kind);
        }
        if (!valid) {
            throw error(key, "must be " + kind + ", is " + ConfigKeys.abbreviatedJson(value));
        }
        return value;
    }
}
