package org.llava4j.model.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.config.ConfigWarnings;
import org.llava4j.model.Llava;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.testing.Golden;
import org.llava4j.testing.PeftAdapters;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A base model with an adapter that is not merged: what is loaded from where, and what is rejected. */
class ModelSourceTest {
    private static final Path BASE = Golden.path("c_llava_mlp2x_gelu");
    private static final String TOWER_FC1 = "base_model.model.model.vision_tower.vision_model.encoder.layers.1.mlp.fc1";
    private static final String SECOND = "base_model.model.model.multi_modal_projector.linear_2";
    private static final String HEAD = "base_model.model.lm_head";
    private static final String FIRST = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";

    @TempDir
    private Path temp;

    private Path adapter;

    @BeforeEach
    void writeAdapter() {
        adapter = PeftAdapters.write(temp.resolve("adapter"), BASE, 0.2);
    }

    private void change(Consumer<Map<String, INDArray>> change) {
        Path file = adapter.resolve("adapter_model.safetensors");
        Map<String, INDArray> tensors = FolderTests.read(file);
        change.accept(tensors);
        SafetensorsWriter.write(file, tensors);
    }

    private ModelSource merged() {
        Path out = temp.resolve("merged");
        new LoraMerge(BASE, adapter, null, SaveType.AS_STORED, Long.MAX_VALUE).writeTo(out);
        return ModelSource.of(out);
    }

    private static Map<String, INDArray> weights(Llava model) {
        Map<String, INDArray> weights = new TreeMap<>();
        model.weightNames().forEach(name -> weights.put(name, model.weight(name)));
        return weights;
    }

    private static void put(Map<String, INDArray> tensors, String module, long out, long in) {
        tensors.put(
                module + ".lora_A.weight",
                Nd4j.rand(DataType.FLOAT, PeftAdapters.RANK, in).muli(0.1));
        tensors.put(
                module + ".lora_B.weight",
                Nd4j.rand(DataType.FLOAT, out, PeftAdapters.RANK).muli(0.1));
    }

    /** With {@code all-linear}, PEFT also targets linear layers outside the decoder. */
    @ParameterizedTest
    @EnumSource(WeightDtype.class)
    void targetsOutsideDecoderAreMergedAtLoad(WeightDtype type) {
        change(tensors -> {
            put(tensors, TOWER_FC1, 256, 64);
            put(tensors, SECOND, 64, 64);
            put(tensors, HEAD, 320, 64);
        });
        ModelSource source = ModelSource.withAdapter(BASE, adapter);
        ModelSource merged = merged();
        assertThat(weights(source.buildTower(type))).isEqualTo(weights(merged.buildTower(type)));
        assertThat(weights(source.buildTower(type)))
                .isNotEqualTo(weights(ModelSource.of(BASE).buildTower(type)));
        Map<String, INDArray> expected = weights(merged.buildDecoder(type));
        Map<String, INDArray> actual = weights(source.buildDecoder(type));
        for (String name : List.of("model.mm_projector.2.weight", "lm_head.weight", "model.norm.weight")) {
            assertThat(actual.get(name)).as(name).isEqualTo(expected.get(name));
        }
        assertThat(actual.keySet()).noneMatch(name -> name.contains("mm_projector") && LoraConfig.isLora(name));
    }

    @Test
    void adapterOnProjectorAloneNeedsNoLoraInGraph() {
        change(tensors -> {
            tensors.clear();
            put(tensors, SECOND, 64, 64);
        });
        assertThat(weights(ModelSource.withAdapter(BASE, adapter).buildDecoder(WeightDtype.FP32)))
                .isEqualTo(weights(merged().buildDecoder(WeightDtype.FP32)));
    }

    @Test
    void otherTrainedWeightsReplaceThoseOfBase() {
        String towerNorm = Llava.TOWER_PREFIX + "vision_model.pre_layrnorm.weight";
        Map<String, INDArray> trained = new LinkedHashMap<>();
        trained.put("base_model.model.model.mm_projector.0.bias", Nd4j.ones(DataType.FLOAT, 64));
        SafetensorsWriter.write(adapter.resolve("non_lora_trainables.safetensors"), trained);
        ModelSource source = ModelSource.withAdapter(BASE, adapter);
        assertThat(weights(source.buildDecoder(WeightDtype.BF16)).get("model.mm_projector.0.bias"))
                .isEqualTo(Nd4j.ones(DataType.FLOAT, 64));
        assertThat(weights(source.buildTower(WeightDtype.FP32)))
                .isEqualTo(weights(ModelSource.of(BASE).buildTower(WeightDtype.FP32)));
        INDArray before =
                weights(ModelSource.of(BASE).buildTower(WeightDtype.FP32)).get(towerNorm);
        trained.put("base_model.model." + towerNorm, before.add(1));
        SafetensorsWriter.write(adapter.resolve("non_lora_trainables.safetensors"), trained);
        assertThat(weights(source.buildTower(WeightDtype.FP32)).get(towerNorm)).isEqualTo(before.add(1));
        trained.put("base_model.model.model.mm_projector.7.bias", Nd4j.ones(DataType.FLOAT, 64));
        SafetensorsWriter.write(adapter.resolve("non_lora_trainables.safetensors"), trained);
        assertRejected(BASE, "mm_projector.7.bias [64]");
    }

    /** As in LLaVA's releases, config and projector come from the adapter. */
    @Test
    void baseMayBeLlama() throws IOException {
        Path llama = Files.createDirectory(temp.resolve("llama"));
        ObjectNode config = FolderTests.config(BASE);
        ObjectNode own = config.deepCopy();
        own.put("mm_vision_tower", FolderTests.TOWER.toString());
        config.remove(config.properties().stream()
                .map(Map.Entry::getKey)
                .filter(key -> key.startsWith("mm_"))
                .toList());
        FolderTests.change(llama, config.put("model_type", "llama"));
        Map<String, INDArray> tensors = FolderTests.read(BASE);
        Map<String, INDArray> projector = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> {
            if (name.startsWith(Checkpoint.PROJECTOR_PREFIX)) {
                projector.put("base_model.model." + name, tensor);
            }
        });
        tensors.keySet().removeIf(NamedWeights::isLlavaOnly);
        SafetensorsWriter.write(llama.resolve("model.safetensors"), tensors);
        assertRejected(llama, "has a LLaVA config.json");
        FolderTests.change(adapter, own);
        SafetensorsWriter.write(adapter.resolve("non_lora_trainables.safetensors"), projector);
        ModelSource source = ModelSource.withAdapter(llama, adapter);
        assertThat(weights(source.buildDecoder(WeightDtype.FP32)))
                .isEqualTo(weights(ModelSource.withAdapter(BASE, adapter).buildDecoder(WeightDtype.FP32)));
        assertThat(source.name()).isEqualTo("adapter");
        assertThat(source.baseName()).isEqualTo("llama");
        assertThat(source.chatFormat("v1").template().name()).isEqualTo("v1");
    }

    @Test
    void recordedBaseIsVerified() throws IOException {
        Path manifest = adapter.resolve("llava4j.json");
        ModelManifest.write(
                adapter,
                new ModelManifest.Provenance(
                        AdapterWriter.KIND, "llava", null, null, AdapterFiles.baseHash(BASE), new TreeMap<>()));
        ModelSource.withAdapter(BASE, adapter).buildDecoder(WeightDtype.Q8);
        assertThat(ConfigWarnings.in(adapter)).isEmpty();
        Files.writeString(manifest, Files.readString(manifest).replace(AdapterFiles.baseHash(BASE), "0".repeat(64)));
        assertRejected(BASE, "was trained on a base model whose decoder has hash 0000");
        Files.delete(manifest);
        ModelSource.withAdapter(BASE, adapter).buildDecoder(WeightDtype.FP32);
        assertThat(ConfigWarnings.in(adapter))
                .singleElement()
                .asString()
                .contains("does not record its base model: only names and shapes were checked");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "use_dora | true | DoRA is not supported; use an adapter without it",
                "bias | \"all\" | trained biases are not supported",
                "modules_to_save | [\"lm_head\"] | fully trained modules are not supported",
                "rank_pattern | {\"q_proj\": 8} | \"rank_pattern\" is {\"q_proj\":8}",
                "use_rslora | \"yes\" | \"use_rslora\" is \"yes\"; it must be true or false",
                "r | 4 | lora_A.weight F32[3, 64] must be [4, 64], for rank 4 and the weight",
            })
    void unsupportedAdaptersAreRejected(String key, String value, String message) throws IOException {
        ObjectNode changes = JsonNodeFactory.instance.objectNode();
        changes.set(key, JsonInput.tree(value.getBytes(StandardCharsets.UTF_8)));
        PeftAdapters.configure(adapter, changes);
        assertRejected(BASE, message);
    }

    @Test
    void mismatchedTensorsAreRejected() {
        Path other = PeftAdapters.write(temp.resolve("other"), Golden.path("b_llama_gqa"), 0.2);
        assertThatThrownBy(() -> ModelSource.withAdapter(BASE, other).buildDecoder(WeightDtype.FP32))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("give the base model that the adapter was trained on");
        change(tensors -> put(tensors, "base_model.model.model.layers.0.self_attn.qkv_proj", 64, 64));
        assertRejected(BASE, "qkv_proj.lora_A.weight F32[3, 64] matches no weight of the model");
        change(tensors -> tensors.keySet().removeIf(name -> name.contains("qkv_proj")));
        change(tensors -> put(tensors, "base_model.model.model.embed_tokens", 320, 64));
        assertRejected(BASE, "changes model.embed_tokens.weight");
        change(tensors -> tensors.keySet().removeIf(name -> name.contains("embed_tokens")));
        change(tensors -> tensors.remove(FIRST));
        assertRejected(BASE, "q_proj.lora_B.weight has no matching A");
    }

    @Test
    void foldersInWrongPlacesAreRejected() {
        assertThatThrownBy(() -> ModelSource.withAdapter(BASE, BASE))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("is not a LoRA adapter: it has no adapter_config.json");
        assertRejected(adapter, "is a LoRA adapter; merge it");
        assertThatThrownBy(() -> ModelSource.of(adapter))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("give that model and, for inference, --adapter " + adapter);
    }

    private void assertRejected(Path base, String message) {
        assertThatThrownBy(() -> {
                    ModelSource source = ModelSource.withAdapter(base, adapter);
                    source.buildDecoder(WeightDtype.FP32);
                    source.buildTower(WeightDtype.FP32);
                })
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message)
                .message()
                .doesNotContain("\n");
    }
}
