package org.llava4j.model.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.util.function.UnaryOperator;
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
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.folder.CheckpointWriter.Origin;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.lora.Lora;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.lora.LoraPair;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.CheckpointLayout;
import org.llava4j.model.weights.LoraTensorSource;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.model.weights.WeightInitializer;
import org.llava4j.model.weights.WeightStore;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Writing and merging LoRA adapters, and rejection of adapters that do not match. */
class LoraMergeTest {
    private static final Path BASE = Golden.path("c_llava_linear");
    private static final Path TOWER = FolderTests.TOWER;
    private static final LlavaConfig CONFIG = LlavaConfig.read(BASE, TOWER);
    private static final LoraConfig LORA = new LoraConfig(3, 6, 0.1, LoraConfig.ALL_LINEAR);
    private static final String FIRST = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";

    @TempDir
    Path temp;

    private Llava model;
    private Path adapter;
    private Path out;

    @BeforeEach
    void writeTrainedAdapter() throws IOException {
        adapter = Files.createDirectory(temp.resolve("adapter"));
        out = temp.resolve("out");
        model = withNonZeroLora(LORA);
        write(model, LORA);
    }

    private static Llava withNonZeroLora(LoraConfig lora) {
        try (Checkpoint weights = Checkpoint.llava(BASE, TOWER).withoutTower()) {
            Llava model = Llava.build(CONFIG, new LoraTensorSource(weights, 5), ImageInput.FEATURES, new Lora(lora, 5));
            for (String name : model.weightNames()) {
                if (LoraConfig.isB(name) || name.startsWith(Checkpoint.PROJECTOR_PREFIX)) {
                    INDArray weight = model.weight(name);
                    weight.assign(WeightInitializer.normal(9, name, 0.05, weight.shape()));
                }
            }
            return model;
        }
    }

    private void write(Llava trained, LoraConfig lora) {
        AdapterWriter.writeInto(
                adapter, trained, new Origin(BASE, TOWER, CONFIG, ChatFormat.of(BASE, "v1")), lora, TensorType.F32);
    }

    private LoraMerge merge(Path base) {
        return new LoraMerge(base, adapter, TOWER, SaveType.AS_STORED, Long.MAX_VALUE);
    }

    @Test
    void mergeAddsProductsAndTakesProjector() {
        merge(BASE).writeTo(out);
        Map<String, INDArray> before = FolderTests.read(BASE);
        before.keySet().removeIf(name -> name.startsWith(Llava.TOWER_PREFIX));
        Map<String, INDArray> after = FolderTests.read(out);
        assertThat(after.keySet()).isEqualTo(before.keySet());
        after.forEach((name, weight) -> assertThat(weight).as(name).isEqualTo(expected(name, before.get(name))));
        assertThat(LlavaConfig.read(out, out.resolve("vision_tower")).decoder()).isEqualTo(CONFIG.decoder());
        assertThat(ChatFormat.of(out).template().name()).isEqualTo("v1");
        ModelManifest manifest = ModelManifest.read(out);
        assertThat(manifest.differences(out)).isEmpty();
        assertThat(manifest.sources().get("model.layers.0.mlp.up_proj.weight"))
                .endsWith(":model.layers.0.mlp.up_proj.weight + " + adapter.resolve("adapter_model.safetensors"));
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8", "Q4"})
    void mergeIntoQuantizedBaseAddsProductsToDequantizedWeights(WeightDtype dtype) {
        recordBase();
        Path quantized = quantize(BASE, dtype, "quantized");
        assertThat(merge(quantized).writeTo(out)).isTrue();
        assertThat(ConfigWarnings.in(quantized)).anyMatch(warning -> warning.contains("holds " + dtype + " weights"));
        try (WeightStore base = WeightStore.open(quantized)) {
            FolderTests.read(out).forEach((name, weight) -> {
                INDArray before = base.tensors().containsKey(name) ? base.read(name, DataType.FLOAT) : weight;
                INDArray expected = expected(name, before);
                boolean isHalf = base.tensors().get(name).type() == TensorType.F16;
                assertThat(weight)
                        .as(name)
                        .isEqualTo(isHalf ? expected.castTo(DataType.HALF).castTo(DataType.FLOAT) : expected);
            });
        }
    }

    @Test
    void quantizedModelIsBaseOfAdaptersOfTheOriginal() {
        recordBase();
        Path quantized = quantize(BASE, WeightDtype.Q8, "quantized");
        assertThat(AdapterFiles.requireBase(adapter, quantized)).isTrue();
        assertThat(AdapterFiles.requireBase(adapter, quantize(quantized, null, "again")))
                .isTrue();
        merge(BASE).writeTo(out);
        Path other = quantize(out, WeightDtype.Q8, "other");
        assertThatThrownBy(() -> AdapterFiles.requireBase(adapter, other))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("give the base model it was trained on");
    }

    private void recordBase() {
        ModelManifest.write(
                adapter,
                new ModelManifest.Provenance(
                        "adapter", "lora", "v1", null, AdapterFiles.baseHash(BASE), new TreeMap<>()));
    }

    private Path quantize(Path model, WeightDtype dtype, String name) {
        WriteOptions options = new WriteOptions(CheckpointLayout.LLAVA, Long.MAX_VALUE, dtype);
        new Export(model, null, null, options, SaveType.AS_STORED, "v1").writeTo(temp.resolve(name));
        return temp.resolve(name);
    }

    private INDArray expected(String name, INDArray before) {
        if (name.startsWith(Checkpoint.PROJECTOR_PREFIX)) {
            return model.weight(name);
        }
        return LORA.targetsIn(CONFIG.decoder()).contains(name)
                ? new LoraPair(
                                model.weight(LoraConfig.nameOfA(name)),
                                model.weight(LoraConfig.nameOfB(name)),
                                LORA.scale())
                        .mergeInto(before)
                : before;
    }

    @Test
    void adapterConfigMatchesPeft() {
        ObjectNode config = config();
        assertThat(config.get("peft_type").textValue()).isEqualTo("LORA");
        assertThat(config.get("task_type").textValue()).isEqualTo("CAUSAL_LM");
        assertThat(config.get("r").intValue()).isEqualTo(3);
        assertThat(config.get("lora_alpha").intValue()).isEqualTo(6);
        assertThat(config.get("target_modules").toString())
                .isEqualTo("[\"down_proj\",\"gate_proj\",\"k_proj\",\"o_proj\",\"q_proj\",\"up_proj\",\"v_proj\"]");
        LoraConfig few = new LoraConfig(1, 0.5, 0, List.of("model\\.layers\\.1\\..*[qk]_proj\\.weight"));
        write(withNonZeroLora(few), few);
        assertThat(config().get("target_modules").toString())
                .isEqualTo("[\"model.layers.1.self_attn.k_proj\",\"model.layers.1.self_attn.q_proj\"]");
        assertThat(config().get("lora_alpha").doubleValue()).isEqualTo(0.5);
        merge(BASE).writeTo(out);
    }

    @Test
    void mergeAcceptsDefaultSuffixAndLlavaHfNames() throws IOException {
        merge(BASE).writeTo(out);
        Path again = temp.resolve("again");
        rename(name -> name.replace(".lora_A.", ".lora_A.default.").replace(".lora_B.", ".lora_B.default."));
        merge(BASE).writeTo(again);
        FolderTests.assertSameFiles(out, again);
        rename(name -> name.replace("base_model.model.model.", "base_model.model.model.language_model."));
        merge(BASE).writeTo(again);
        FolderTests.assertSameFiles(out, again);
    }

    @Test
    void mergeIgnoresHarmlessKeysAndReportsUnknownOnes() throws IOException {
        merge(BASE).writeTo(out);
        ObjectNode config = config();
        config.put("fan_in_fan_out", true).put("init_lora_weights", "gaussian").put("novel", false);
        config.putArray("layers_to_transform").add(0);
        Files.writeString(adapter.resolve("adapter_config.json"), config.toString());
        Path again = temp.resolve("again");
        merge(BASE).writeTo(again);
        FolderTests.assertSameFiles(out, again);
        assertThat(ConfigWarnings.in(adapter.resolve("adapter_config.json")))
                .singleElement()
                .asString()
                .contains("unknown key \"novel\"");
    }

    /** In llava-hf, "all-linear" includes layers of vision tower and projector. */
    @Test
    void mergeCoversTowerAndProjector() {
        String tower = "base_model.model.model.vision_tower.vision_model.encoder.layers.1.mlp.fc1";
        String projector = "base_model.model.model.multi_modal_projector.linear_2";
        rename(name -> name.replace("base_model.model.model.", "base_model.model.model.language_model."));
        change(tensors -> {
            tensors.put(tower + ".lora_A.weight", Nd4j.ones(DataType.FLOAT, 3, 64));
            tensors.put(tower + ".lora_B.weight", Nd4j.ones(DataType.FLOAT, 256, 3));
            tensors.put(projector + ".lora_A.weight", Nd4j.ones(DataType.FLOAT, 3, 64));
            tensors.put(projector + ".lora_B.weight", Nd4j.ones(DataType.FLOAT, 64, 3));
        });
        Path base = Golden.path("c_llava_mlp2x_gelu");
        assertThat(adapter.resolve("non_lora_trainables.safetensors").toFile().delete())
                .isTrue();
        assertThat(adapter.resolve("config.json").toFile().delete()).isTrue();
        new LoraMerge(base, adapter, null, SaveType.AS_STORED, Long.MAX_VALUE).writeTo(out);
        Map<String, INDArray> before = FolderTests.read(base);
        String fc1 = "vision_model.encoder.layers.1.mlp.fc1.weight";
        assertThat(FolderTests.read(out.resolve("vision_tower")).get(fc1))
                .isEqualTo(before.get(Llava.TOWER_PREFIX + fc1).add(6));
        String second = "model.mm_projector.2.weight";
        assertThat(FolderTests.read(out).get(second))
                .isEqualTo(before.get(second).add(6));
        change(tensors -> tensors.remove(projector + ".lora_A.weight"));
        Path nowhere = temp.resolve("nowhere");
        assertThatThrownBy(() -> new LoraMerge(base, adapter, null, SaveType.AS_STORED, 1).writeTo(nowhere))
                .hasMessageContaining(projector + ".lora_B.weight has no matching A");
    }

    /** As in LLaVA's merge script, the base is a LLaMA, and config and projector come from the adapter. */
    @Test
    void mergeAcceptsLlamaAsBase() throws IOException {
        merge(BASE).writeTo(out);
        Path llama = Files.createDirectory(temp.resolve("llama"));
        ObjectNode config = FolderTests.config(BASE);
        config.remove(config.properties().stream()
                .map(Map.Entry::getKey)
                .filter(key -> key.startsWith("mm_"))
                .toList());
        config.put("model_type", "llama");
        FolderTests.change(llama, config);
        Map<String, INDArray> tensors = FolderTests.read(BASE);
        tensors.keySet().removeIf(NamedWeights::isLlavaOnly);
        SafetensorsWriter.write(llama.resolve("model.safetensors"), tensors);
        Path again = temp.resolve("again");
        merge(llama).writeTo(again);
        assertThat(FolderTests.read(again)).isEqualTo(FolderTests.read(out));
        Files.delete(adapter.resolve("non_lora_trainables.safetensors"));
        assertRejected(llama, "model.mm_projector.weight [64, 64] is missing");
    }

    @Test
    void roundsOnceToSaveType() {
        new LoraMerge(BASE, adapter, TOWER, SaveType.of(TensorType.BF16), Long.MAX_VALUE).writeTo(out);
        String name = "model.layers.1.mlp.down_proj.weight";
        try (SafetensorsFile file = SafetensorsFile.open(out.resolve("model.safetensors"))) {
            assertThat(file.tensors().get(name).type()).isEqualTo(TensorType.BF16);
            INDArray expected = expected(name, FolderTests.read(BASE).get(name));
            assertThat(file.read(name, DataType.FLOAT))
                    .isEqualTo(expected.castTo(DataType.BFLOAT16).castTo(DataType.FLOAT));
        }
        assertRejected(adapter, "is a LoRA adapter; merge it into the model it was trained on (merge-lora)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "peft_type | \"IA3\" | \"peft_type\" is IA3; only LORA is supported",
                "use_dora | true | \"use_dora\" is true",
                "velora_config | {\"x\": 1} | \"velora_config\" is {\"x\":1}; this LoRA option is not supported",
                "bias | \"all\" | \"bias\" is all; trained biases are not supported",
                "rank_pattern | {\"q_proj\": 8} | \"rank_pattern\" is {\"q_proj\":8}",
                "modules_to_save | [\"lm_head\"] | \"modules_to_save\" is [\"lm_head\"]",
                "init_lora_weights | \"pissa_niter_4\" | it modifies the base weights",
                "init_lora_weights | \"OLoRA\" | \"init_lora_weights\" is OLoRA; it modifies the base weights",
                "init_lora_weights | \"PiSSA\" | it modifies the base weights",
                "init_lora_weights | \"novel\" | \"init_lora_weights\" is novel; this initialization is unknown",
                "alpha_pattern | {\"q_proj\": 8} | \"alpha_pattern\" is {\"q_proj\":8}",
                "lora_bias | true | \"lora_bias\" is true",
                "trainable_token_indices | [5] | \"trainable_token_indices\" is [5]",
                "layer_replication | [[0,2]] | \"layer_replication\" is [[0,2]]",
                "use_rslora | \"yes\" | \"use_rslora\" is \"yes\"; it must be true or false",
                "r | 0 | \"r\" is 0; it must be 1 or more",
                "r | \"x\" | \"r\" is \"x\"; it must be 1 or more",
                "lora_alpha | null | \"lora_alpha\" is null; it must be above 0",
                "r | 4 | lora_A.weight F32[3, 64] must be [4, 64], for rank 4 and the weight [176, 64]",
            })
    void mergeRejectsUnsupportedConfigs(String key, String value, String message) throws IOException {
        ObjectNode config = config();
        config.set(key, JsonInput.tree(value.getBytes(StandardCharsets.UTF_8)));
        Files.writeString(adapter.resolve("adapter_config.json"), config.toString());
        assertRejected(BASE, message);
    }

    @Test
    void mergeRejectsMismatchedTensors() {
        change(tensors -> tensors.put("base_model.model.model.extra.lora_A.weight", Nd4j.ones(DataType.FLOAT, 3, 64)));
        assertRejected(BASE, "base_model.model.model.extra.lora_A.weight F32[3, 64] matches no weight");
        change(tensors -> {
            tensors.remove("base_model.model.model.extra.lora_A.weight");
            tensors.put("base_model.model.model.norm.weight", Nd4j.ones(DataType.FLOAT, 64));
        });
        assertRejected(BASE, "base_model.model.model.norm.weight F32[64] matches no weight");
        change(tensors -> {
            tensors.remove("base_model.model.model.norm.weight");
            tensors.put(FIRST, Nd4j.ones(DataType.FLOAT, 3, 63));
        });
        assertRejected(BASE, FIRST + " F32[3, 63] must be [3, 64]");
        change(tensors -> tensors.remove(FIRST));
        assertRejected(BASE, "q_proj.lora_B.weight has no matching A");
        change(Map::clear);
        assertRejected(BASE, "the adapter is empty");
    }

    @Test
    void mergeNamesMissingFiles() throws IOException {
        assertThatThrownBy(() -> new LoraMerge(BASE, adapter, TOWER, SaveType.AS_STORED, 1).writeTo(adapter))
                .hasMessageContaining("is also an input");
        Files.delete(adapter.resolve("adapter_model.safetensors"));
        assertRejected(BASE, "but no adapter_model.safetensors or .bin");
        Files.delete(adapter.resolve("adapter_config.json"));
        assertRejected(BASE, "is not a LoRA adapter: it has no adapter_config.json");
    }

    private ObjectNode config() {
        return (ObjectNode) JsonInput.readObject(adapter.resolve("adapter_config.json"));
    }

    private void rename(UnaryOperator<String> change) {
        change(tensors -> {
            Map<String, INDArray> all = new LinkedHashMap<>(tensors);
            tensors.clear();
            all.forEach((name, tensor) -> tensors.put(change.apply(name), tensor));
        });
    }

    private void change(Consumer<Map<String, INDArray>> change) {
        Path file = adapter.resolve("adapter_model.safetensors");
        Map<String, INDArray> tensors = FolderTests.read(file);
        change.accept(tensors);
        SafetensorsWriter.write(file, tensors);
    }

    private void assertRejected(Path base, String message) {
        Path nowhere = temp.resolve("nowhere");
        assertThatThrownBy(() -> merge(base).writeTo(nowhere))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message)
                .message()
                .doesNotContain("\n");
        assertThat(nowhere).doesNotExist();
    }
}
