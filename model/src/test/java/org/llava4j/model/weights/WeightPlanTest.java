package org.llava4j.model.weights;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.model.Llava;
import org.llava4j.model.TensorSource;
import org.llava4j.model.config.ClipConfig;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.weights.WeightPlan.Exemptions;
import org.llava4j.model.weights.WeightPlan.StoredTensor;
import org.llava4j.testing.Golden;

/** Loading plans of every published layout, from names and shapes of the released files. */
class WeightPlanTest {
    private static final String CLIP = "clip-vit-large-patch14";

    @TempDir
    private Path temp;

    private static JsonNode listing(String name) {
        try {
            return new ObjectMapper()
                    .readTree(Golden.path("g_layouts/" + name + ".json").toFile());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private Path config(String name) throws IOException {
        Path folder = Files.createDirectories(temp.resolve(name));
        Files.writeString(
                folder.resolve("config.json"), listing(name).get("config").toString());
        return folder;
    }

    /** Stored tensors of a released file, by variable. */
    private static Map<String, StoredTensor> stored(String name, String prefix) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> tensor : listing(name).get("tensors").properties()) {
            long[] shape = new ObjectMapper().convertValue(tensor.getValue().get("shape"), long[].class);
            shapes.put(tensor.getKey(), shape);
        }
        CheckpointLayout layout = CheckpointLayout.of(shapes.keySet());
        Map<String, StoredTensor> byVariable = new LinkedHashMap<>();
        shapes.forEach((tensor, shape) ->
                byVariable.put(prefix + layout.toVariable(tensor), new StoredTensor(name, tensor, shape)));
        return byVariable;
    }

    @ParameterizedTest
    @CsvSource({
        "llava-v1.5-7b, LLAVA, 7062902784",
        "llava-hf-1.5-7b-older, LLAVA_HF, 7063427072",
        "llava-hf-1.5-7b-newer, LLAVA_HF, 7063427072"
    })
    void planFindsEveryVariableOfFullModel(String name, CheckpointLayout layout, long parameters) throws IOException {
        Path folder = config(name);
        LlavaConfig config = LlavaConfig.read(folder, LlavaConfig.visionTowerPath(folder));
        Map<String, long[]> variables =
                TensorSource.shapes(source -> Llava.build(config, source, Llava.ImageInput.PIXELS));
        Map<String, StoredTensor> stored = stored(name, "");
        assertThat(CheckpointLayout.of(
                        stored.values().stream().map(StoredTensor::name).toList()))
                .isEqualTo(layout);
        WeightPlan plan = WeightPlan.of(variables, List.of(stored), Exemptions.NONE);
        assertThat(plan.problems()).isEmpty();
        assertThat(plan.skipped()).isEmpty();
        assertThat(plan.sources()).hasSameSizeAs(variables).hasSameSizeAs(stored);
        assertThat(parameters(variables)).isEqualTo(parameters);
    }

    @Test
    void planTakesMissingTowerFromClip() throws IOException {
        Path folder = config("llava-13b-v0");
        // With mm_use_im_start_end, the tokenizer must contain the image tokens.
        Files.copy(Golden.path("e_spm/tokenizer.model"), folder.resolve("tokenizer.model"));
        Files.writeString(folder.resolve("added_tokens.json"), "{\"<im_start>\": 32001, \"<im_end>\": 32002}");
        LlavaConfig config = LlavaConfig.read(folder, config(CLIP));
        Map<String, long[]> variables =
                TensorSource.shapes(source -> Llava.build(config, source, Llava.ImageInput.PIXELS));
        WeightPlan plan = WeightPlan.of(
                variables, List.of(stored("llava-13b-v0", ""), stored(CLIP, Llava.TOWER_PREFIX)), Exemptions.NONE);
        assertThat(plan.problems()).isEmpty();
        assertThat(plan.sources()).hasSameSizeAs(variables);
        assertThat(plan.sources().get(Llava.TOWER_PREFIX + "vision_model.pre_layrnorm.weight"))
                .isEqualTo(CLIP + ":vision_model.pre_layrnorm.weight");
        assertThat(plan.skipped())
                .containsEntry(CLIP + ":logit_scale", "CLIP's text model")
                .containsEntry(CLIP + ":vision_model.embeddings.position_ids", "computed");
    }

    @Test
    void planOfBareTowerSkipsTextModel() throws IOException {
        ClipConfig config = ClipConfig.read(config(CLIP));
        Map<String, long[]> variables = TensorSource.shapes(source -> Llava.buildClip(config, source));
        assertThat(parameters(variables)).isEqualTo(303_179_776);
        WeightPlan plan = WeightPlan.of(variables, List.of(stored(CLIP, "")), Exemptions.NONE);
        assertThat(plan.problems()).isEmpty();
        assertThat(plan.sources()).hasSameSizeAs(variables);
        assertThat(plan.skipped().keySet()).anyMatch(name -> name.contains("text_model"));
    }

    @ParameterizedTest
    @CsvSource({"vicuna-7b, 6738415616", "vicuna-13b, 13015864320"})
    void planOfVicunaSkipsRotaryBuffers(String name, long parameters) throws IOException {
        LlamaConfig config = LlamaConfig.read(config(name));
        Map<String, long[]> variables = TensorSource.shapes(source -> Llava.buildLlama(config, source));
        assertThat(parameters(variables)).isEqualTo(parameters);
        WeightPlan plan = WeightPlan.of(variables, List.of(stored(name, "")), Exemptions.NONE);
        assertThat(plan.problems()).isEmpty();
        assertThat(plan.sources()).hasSameSizeAs(variables);
        assertThat(plan.skipped()).hasSize(config.layers());
        assertThat(plan.skipped().values()).containsOnly("computed");
    }

    @Test
    void planListsMissingMisshapenAndUnusedTensors() {
        Map<String, long[]> variables = Map.of("a", new long[] {2}, "b", new long[] {3});
        Map<String, StoredTensor> checkpoint =
                Map.of("a", new StoredTensor("file", "a", 4), "c", new StoredTensor("file", "c", 5));
        assertThat(WeightPlan.of(variables, List.of(checkpoint), Exemptions.NONE)
                        .problems())
                .containsExactlyInAnyOrder(
                        "a is [4] in file but the config asks for [2]", "b [3] is missing", "c [5] in file is unused");
    }

    @Test
    void planReadsFirstFileAndReportsOthers() {
        Map<String, long[]> variables = Map.of("a", new long[] {2});
        Map<String, StoredTensor> first = Map.of("a", new StoredTensor("projector", "a", 2));
        Map<String, StoredTensor> second = Map.of("a", new StoredTensor("model", "a", 2));
        WeightPlan plan = WeightPlan.of(variables, List.of(first, second), Exemptions.NONE);
        assertThat(plan.problems()).isEmpty();
        assertThat(plan.sources()).containsEntry("a", "projector:a");
        assertThat(plan.skipped()).containsEntry("model:a", "read from projector:a instead");
    }

    private static long parameters(Map<String, long[]> shapes) {
        long sum = 0;
        for (long[] shape : new ArrayList<>(shapes.values())) {
            long product = 1;
            for (long size : shape) {
                product *= size;
            }
            sum += product;
        }
        return sum;
    }
}
