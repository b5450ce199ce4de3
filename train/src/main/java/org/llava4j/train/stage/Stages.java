package org.llava4j.train.stage;

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
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FailedDownload;
import org.llava4j.data.JsonInput;

/** Where stages come from: one JSON file each, with comments; every key must be there, and no other. */
public final class Stages {
    /** Projector alone, on captions (paper, section 4.2, stage 1). */
    public static final String PRETRAIN = "pretrain";

    /** Projector and decoder, on conversations (stage 2). */
    public static final String FINETUNE = "finetune";

    /** Stage 2 on ScienceQA (section 5.2). */
    public static final String FINETUNE_SCIENCEQA = "finetune-scienceqa";

    /** Stage 1 of LLaVA-1.5. */
    public static final String PRETRAIN_V1_5 = "pretrain-v1.5";

    /** Stage 2 of LLaVA-1.5. */
    public static final String FINETUNE_V1_5 = "finetune-v1.5";

    /** Stage 2 of LLaVA-1.5 with LoRA beside a frozen decoder. */
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

    private Stages() {}

    /** A shipped stage. @throws BadInputException if there is none of that name */
    public static Stage named(String name) {
        if (!SHIPPED.contains(name)) {
            throw new BadInputException("no stage is called \"" + name + "\"; shipped are " + String.join(", ", SHIPPED)
                    + ", or give a file");
        }
        String resource = name + ".json";
        try (InputStream in = Stages.class.getResourceAsStream(resource)) {
            return parse(resource, in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A stage from a file. @throws BadInputException if it is missing or broken, or a key is unknown or missing */
    public static Stage load(Path file) {
        try {
            return parse(file.toString(), Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            throw new BadInputException(file + ": no such file; check the path", e);
        } catch (IOException e) {
            throw JsonInput.parseError(file.toString(), 0, e);
        }
    }

    /** Reads what {@link #json} wrote. */
    public static Stage ofJson(String json) {
        return parse("stage", json.getBytes(StandardCharsets.UTF_8));
    }

    private static Stage parse(String source, byte[] content) {
        FailedDownload.reject(source, content);
        try {
            return JSON.readValue(content, Stage.class);
        } catch (IOException e) {
            throw JsonInput.parseError(source, 0, e);
        }
    }

    /**
     * The same stage with some values changed.
     *
     * @param changes by key, as in the file
     * @throws BadInputException if a key is unknown or the values do not go together
     */
    public static Stage with(Stage stage, Map<String, ?> changes) {
        ObjectNode node = JSON.valueToTree(stage);
        changes.forEach((key, value) -> node.set(key, JSON.<JsonNode>valueToTree(value)));
        try {
            return JSON.treeToValue(node, Stage.class);
        } catch (JsonProcessingException e) {
            throw JsonInput.parseError("stage " + stage.name(), 0, e);
        }
    }

    /** A shipped stage by its name, or one of a file that ends in {@code .json}. */
    public static Stage of(String nameOrFile) {
        return nameOrFile.endsWith(".json") ? load(Path.of(nameOrFile)) : named(nameOrFile);
    }

    /**
     * The same stage with some values changed as a command line has them.
     *
     * @param settings {@code key=value} each: the value as the file would have it, a text without quotes too; a key of
     *     the optimiser as {@code optimizer.beta1}
     * @throws BadInputException if one has no {@code =}, a key is unknown or the values do not go together
     */
    public static Stage with(Stage stage, List<String> settings) {
        ObjectNode node = JSON.valueToTree(stage);
        for (String setting : settings) {
            int equals = setting.indexOf('=');
            if (equals < 1) {
                throw new BadInputException("\"" + setting + "\" sets nothing; write key=value");
            }
            String[] keys = setting.substring(0, equals).split("\\.", 2);
            ObjectNode place = keys.length == 2 && node.get(keys[0]) instanceof ObjectNode nested ? nested : node;
            place.set(
                    keys.length == 2 && place != node ? keys[1] : setting.substring(0, equals), value(setting, equals));
        }
        try {
            return JSON.treeToValue(node, Stage.class);
        } catch (JsonProcessingException e) {
            throw JsonInput.parseError("stage " + stage.name(), 0, e);
        }
    }

    private static JsonNode value(String setting, int equals) {
        String text = setting.substring(equals + 1);
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            return JSON.getNodeFactory().textNode(text);
        }
    }

    /** The stage as the values of its JSON. */
    public static JsonNode tree(Stage stage) {
        return JsonInput.parse("stage", json(stage).getBytes(StandardCharsets.UTF_8));
    }

    /** The stage as JSON that {@link #load} reads. */
    public static String json(Stage stage) {
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(stage) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a record of numbers and texts is always JSON", e);
        }
    }
}
