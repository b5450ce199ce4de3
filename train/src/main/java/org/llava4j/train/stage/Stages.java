package org.llava4j.train.stage;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FailedDownload;
import org.llava4j.data.JsonInput;
import org.llava4j.data.Utf8Validator;

/**
 * Loader of stages: shipped ones and JSON files. Comments are allowed, unknown keys are rejected, and all keys are required
 * but those of {@link StageDefaults}.
 * Former names of keys are accepted.
 */
public final class Stages {
    /** Stage 1 of the paper (section 4.2): projector only, on captions. */
    public static final String PRETRAIN = "pretrain";

    /** Stage 2 of the paper: projector and decoder, on conversations. */
    public static final String FINETUNE = "finetune";

    /** Stage 2 on ScienceQA (section 5.2). */
    public static final String FINETUNE_SCIENCEQA = "finetune-scienceqa";

    /** Stage 1 of LLaVA-1.5. */
    public static final String PRETRAIN_V1_5 = "pretrain-v1.5";

    /** Stage 2 of LLaVA-1.5. */
    public static final String FINETUNE_V1_5 = "finetune-v1.5";

    /** Stage 2 of LLaVA-1.5 with LoRA on a frozen decoder. */
    public static final String FINETUNE_LORA = "finetune-lora";

    /** Stage 1 of the demo. */
    public static final String TINY_PRETRAIN = "tiny-pretrain";

    /** Stage 2 of the demo. */
    public static final String TINY_FINETUNE = "tiny-finetune";

    private static final List<String> SHIPPED = List.of(
            PRETRAIN,
            FINETUNE,
            FINETUNE_SCIENCEQA,
            PRETRAIN_V1_5,
            FINETUNE_V1_5,
            FINETUNE_LORA,
            TINY_PRETRAIN,
            TINY_FINETUNE);

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_JAVA_COMMENTS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
            .build();

    /** Current and former names of the keys of a stage's file, with the current name of each. */
    private static final Map<String, String> KEYS = keys(Stage.class);

    private Stages() {}

    /** Current and former names of the keys of a record's values in a stage's file, with the current name of each. */
    static Map<String, String> keys(Class<?> values) {
        Map<String, String> keys = new LinkedHashMap<>();
        for (RecordComponent component : values.getRecordComponents()) {
            Method accessor = component.getAccessor();
            if (accessor.isAnnotationPresent(JsonUnwrapped.class)) {
                keys.putAll(keys(component.getType()));
                continue;
            }
            JsonProperty property = accessor.getAnnotation(JsonProperty.class);
            JsonAlias former = accessor.getAnnotation(JsonAlias.class);
            String key = property == null ? component.getName() : property.value();
            keys.put(key, key);
            if (former != null) {
                List.of(former.value()).forEach(name -> keys.put(name, key));
            }
        }
        return keys;
    }

    /** Whether there is a shipped stage of that name. */
    static boolean isShipped(String name) {
        return SHIPPED.contains(name);
    }

    /**
     * A shipped stage.
     *
     * @throws BadInputException if there is none of that name
     */
    public static Stage named(String name) {
        if (!isShipped(name)) {
            throw new BadInputException("unknown stage \"" + name + "\"; shipped stages are "
                    + String.join(", ", SHIPPED) + "; or use a .json file");
        }
        String resource = name + ".json";
        try (InputStream in = Stages.class.getResourceAsStream(resource)) {
            return parse(resource, in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * A stage from a file.
     *
     * @throws BadInputException if it is missing or broken, or a key is unknown or missing
     */
    public static Stage load(Path file) {
        try {
            return parse(file.toString(), Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            throw new BadInputException(file + " does not exist; check the path", e);
        } catch (IOException e) {
            throw JsonInput.parseError(file.toString(), 0, e);
        }
    }

    /** Parses the output of {@link #json}. */
    public static Stage ofJson(String json) {
        return parse("stage", json.getBytes(StandardCharsets.UTF_8));
    }

    private static Stage parse(String source, byte[] content) {
        FailedDownload.reject(source, content);
        try {
            Utf8Validator.check(content);
            JsonNode tree = JSON.readTree(content);
            requireKnownKeys(source, tree);
            // Errors of a complete file have the line.
            Stage stage = StageDefaults.addTo(tree)
                    ? JSON.treeToValue(tree, Stage.class)
                    : JSON.readValue(content, Stage.class);
            return JsonInput.requireValue(source, stage);
        } catch (IOException e) {
            throw JsonInput.parseError(source, 0, e);
        }
    }

    private static Stage of(JsonNode node, String source) {
        requireKnownKeys(source, node);
        try {
            return JsonInput.requireValue(source, JSON.treeToValue(node, Stage.class));
        } catch (JsonProcessingException e) {
            throw JsonInput.parseError(source, 0, e);
        }
    }

    /** Jackson does not reject unknown keys beside unwrapped values. */
    private static void requireKnownKeys(String source, JsonNode node) {
        node.fieldNames().forEachRemaining(key -> {
            if (!KEYS.containsKey(key)) {
                throw new BadInputException(source + ": unknown key \"" + key + "\"; known keys are "
                        + String.join(", ", new LinkedHashSet<>(KEYS.values())));
            }
        });
    }

    /**
     * A stage with some values changed.
     *
     * @param changes new values by key, as in the file
     * @throws BadInputException if a key is unknown or the values are inconsistent
     */
    public static Stage with(Stage stage, Map<String, ?> changes) {
        ObjectNode node = JSON.valueToTree(stage);
        changes.forEach((key, value) -> node.set(currentKey(key), JSON.<JsonNode>valueToTree(value)));
        return of(node, "stage " + stage.name());
    }

    /** A shipped stage by name, or a stage from a {@code .json} file. */
    public static Stage of(String nameOrFile) {
        return nameOrFile.endsWith(".json") ? load(Path.of(nameOrFile)) : named(nameOrFile);
    }

    /**
     * A stage with some values changed on the command line.
     *
     * @param settings {@code key=value} each: the value as in the file, strings also without quotes; nested keys as in
     *     {@code optimizer.beta1}
     * @throws BadInputException if one has no {@code =}, a key is unknown or the values are inconsistent
     */
    public static Stage with(Stage stage, List<String> settings) {
        ObjectNode node = JSON.valueToTree(stage);
        for (String setting : settings) {
            int equals = setting.indexOf('=');
            if (equals < 1) {
                throw new BadInputException("\"" + setting + "\" is not a setting; write key=value");
            }
            String key = currentKey(setting.substring(0, equals));
            String[] keys = key.split("\\.", 2);
            ObjectNode target = keys.length == 2 && node.get(keys[0]) instanceof ObjectNode nested ? nested : node;
            target.set(keys.length == 2 && target != node ? keys[1] : key, value(setting, equals));
        }
        return of(node, "stage " + stage.name());
    }

    /** The key that a flag changes: {@code maxSteps} for {@code max-steps}. */
    public static String key(String flag) {
        return Pattern.compile("-(.)")
                .matcher(flag)
                .replaceAll(match -> match.group(1).toUpperCase(Locale.ROOT));
    }

    /** The current name of a stage's key; former names are {@link JsonAlias}es. */
    public static String currentKey(String key) {
        return KEYS.getOrDefault(key, key);
    }

    private static JsonNode value(String setting, int equals) {
        String text = setting.substring(equals + 1);
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            return JSON.getNodeFactory().textNode(text);
        }
    }

    /** The stage as a JSON tree. */
    public static JsonNode tree(Stage stage) {
        return JsonInput.parse("stage", json(stage).getBytes(StandardCharsets.UTF_8));
    }

    /** The stage as JSON that {@link #load} reads. */
    public static String json(Stage stage) {
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(stage) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a record of numbers and strings is always valid JSON", e);
        }
    }
}
