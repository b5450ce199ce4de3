package org.llava4j.model.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.testing.Damage;
import org.llava4j.testing.Golden;

/**
 * Damaged JSON files of a model folder give a one-line error or a config within {@link SizeLimits}, never another
 * exception. The time limits only end a test that would hang.
 */
@Timeout(120)
class ModelConfigFuzzTest {
    private static final int ROUNDS = 400;

    /** Every value of a file is replaced by each of these. */
    private static final List<String> VALUES = List.of(
            "null",
            "0",
            "-1",
            "2147483647",
            "-2147483648",
            "9223372036854775808",
            "1e999",
            "-1e-320",
            "0.5",
            "true",
            "\"\"",
            "\"a\\u0000b\"",
            "\"\\ud800\\n\"",
            "\"" + "x".repeat(5000) + "\"",
            "[]",
            "{}",
            "[[[{\"a\": 1}]]]",
            "{\"rope_type\": \"linear\", \"factor\": 1e999}",
            "{\"shortest_edge\": 2147483647, \"height\": 2147483647, \"width\": 2147483647}");

    @TempDir
    private Path folder;

    /** Reads every config of {@link #folder}, as the commands do. */
    private void read() {
        boolean llava = LlavaConfig.isLlava(folder);
        if (llava) {
            LlavaConfig config = LlavaConfig.read(folder, null);
            assertThat(config.numImageTokens()).isBetween(1, SizeLimits.PATCHES + 1);
            assertThat(config.maxLength()).isPositive();
            requireBounded(config.decoder());
            LlavaConfig.towerTraining(folder);
            LlavaConfig.findVisionTower(folder);
            LlavaConfig.readShapes(folder, null);
        } else if (LlavaConfig.isClip(folder)) {
            ClipConfig config = ClipConfig.read(folder);
            assertThat(config.layers()).isLessThanOrEqualTo(SizeLimits.LAYERS);
            assertThat(config.patches()).isLessThanOrEqualTo(SizeLimits.PATCHES);
        } else {
            requireBounded(LlamaConfig.read(folder));
        }
        if (ClipPreprocessing.isIn(folder)) {
            ClipPreprocessing.read(folder);
        }
        GenerationConfig.eosIds(folder);
        if (ChatFormat.isIn(folder)) {
            ChatFormat.of(folder);
        }
    }

    private static void requireBounded(LlamaConfig config) {
        assertThat(config.layers()).isLessThanOrEqualTo(SizeLimits.LAYERS);
        assertThat(config.headDim()).isPositive();
        assertThat(config.ropeTheta()).isFinite();
        assertThat(config.ropeScale()).isFinite();
    }

    /** Returns whether the damage was rejected. */
    private boolean isRejected(String what) {
        try {
            read();
            return false;
        } catch (BadInputException e) {
            assertThat(e.getMessage()).as(what).isNotBlank().hasSizeLessThan(20_000);
            return true;
        } catch (RuntimeException | Error e) {
            throw new AssertionError(what + " ended in " + e, e);
        }
    }

    private void copy(String golden) throws IOException {
        try (var files = Files.list(Golden.path(golden))) {
            for (Path file : files.filter(path -> path.toString().endsWith("config.json"))
                    .toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "j_transformers5/llava, config.json, 31",
        "j_transformers5/llava, processor_config.json, 32",
        "j_transformers5/llava, generation_config.json, 33",
        "j_transformers5/llama, config.json, 34",
        "j_transformers5/clip, config.json, 35",
        "j_transformers5/clip, preprocessor_config.json, 36"
    })
    void damagedBytesGiveOneLineError(String golden, String name, long seed) throws IOException {
        copy(golden);
        byte[] valid = Files.readAllBytes(folder.resolve(name));
        assertThat(isRejected("valid")).isFalse();
        Random random = new Random(seed);
        int rejected = 0;
        for (int round = 0; round < ROUNDS; round++) {
            Files.write(folder.resolve(name), Damage.of(valid, random));
            rejected += isRejected("round " + round + " of seed " + seed) ? 1 : 0;
        }
        // Otherwise the damage never reached the reader.
        assertThat(rejected).isBetween(ROUNDS / 20, ROUNDS);
    }

    @ParameterizedTest
    @CsvSource({
        "j_transformers5/llava, config.json",
        "j_transformers5/llava, processor_config.json",
        "j_transformers5/llava, generation_config.json",
        "j_transformers5/llama, config.json",
        "j_transformers5/clip, config.json",
        "j_transformers5/clip, preprocessor_config.json",
        "c_llava_linear, config.json"
    })
    void everyValueReplacedGivesConfigOrOneLineError(String golden, String name) throws IOException {
        copy(golden);
        Path file = folder.resolve(name);
        ObjectNode valid = (ObjectNode) JsonInput.readObject(file);
        // Keys that these files lack.
        valid.put("llava4j_conv_mode", "v1").put("tokenizer_model_max_length", 512);
        if (golden.startsWith("c_")) {
            valid.put("mm_vision_tower", Golden.path("a_clip56").toString());
        }
        Files.writeString(file, valid.toString());
        assertThat(isRejected("valid")).isFalse();
        int rejected = 0;
        for (List<String> path : paths(valid)) {
            for (String value : VALUES) {
                ObjectNode changed = valid.deepCopy();
                ObjectNode at = changed;
                for (String key : path.subList(0, path.size() - 1)) {
                    at = (ObjectNode) at.get(key);
                }
                // As text, since Jackson has no node for some of these numbers.
                at.put(path.get(path.size() - 1), "\u0001");
                Files.writeString(file, changed.toString().replace("\"\\u0001\"", value), StandardCharsets.UTF_8);
                rejected += isRejected(path + " = " + value) ? 1 : 0;
            }
        }
        assertThat(rejected).isPositive();
    }

    private static List<List<String>> paths(JsonNode json) {
        List<List<String>> paths = new ArrayList<>();
        json.properties().forEach(entry -> {
            paths.add(List.of(entry.getKey()));
            if (entry.getValue().isObject()) {
                paths(entry.getValue()).forEach(rest -> {
                    List<String> path = new ArrayList<>(List.of(entry.getKey()));
                    path.addAll(rest);
                    paths.add(path);
                });
            }
        });
        return paths;
    }

    /** A file of 65 MB, and one of 3 million values, are rejected before they are parsed as a tree. */
    @Test
    void readRejectsHugeFile() throws IOException {
        copy("j_transformers5/llama");
        Path file = folder.resolve("config.json");
        Files.writeString(file, "{\"a\": [" + "1,".repeat(3_000_000) + "1]}");
        assertThat(isRejected("many values")).isTrue();
        Files.writeString(file, "{\"a\": \"" + "x".repeat(65_000_000) + "\"}");
        assertThat(isRejected("a long value")).isTrue();
    }
}
