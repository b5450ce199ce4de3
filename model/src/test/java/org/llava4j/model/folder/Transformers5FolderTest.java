package org.llava4j.model.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.Llava;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.config.LlavaConfig.SelectFeature;
import org.llava4j.model.folder.Assembly.AddedImageTokens;
import org.llava4j.model.folder.Assembly.FeatureOptions;
import org.llava4j.model.folder.Assembly.ProjectorOptions;
import org.llava4j.model.folder.CheckpointWriter.Origin;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.lora.Lora;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.CheckpointLayout;
import org.llava4j.model.weights.ForwardPassRecorder;
import org.llava4j.model.weights.LoraTensorSource;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Folders as transformers 5 writes them as inputs of every conversion: a tower without {@code vision_model} in its
 * names, {@code tokenizer.json} alone, {@code processor_config.json}.
 */
class Transformers5FolderTest {
    private static final Path CLIP = Golden.path("j_transformers5/clip");
    private static final Path LLAMA = Golden.path("j_transformers5/llama");
    private static final Path LLAVA = Golden.path("j_transformers5/llava");
    private static final long SHARD = 200_000;
    private static final String TEXT = "What is in the image? caf\u00e9 12\n";

    @TempDir
    private Path temp;

    @TempDir
    private Path out;

    private static Assembly assembly(AddedImageTokens addedTokens) {
        return new Assembly(
                LLAMA,
                CLIP,
                new ProjectorOptions(ProjectorType.LINEAR, null, 3),
                new FeatureOptions(-2, SelectFeature.PATCH, false),
                addedTokens,
                512,
                SaveType.AS_STORED,
                SHARD);
    }

    private static Map<String, INDArray> run(Path folder, Path inputs) {
        return ForwardPassRecorder.open(folder, null)
                .run(FolderTests.read(inputs.resolve("io.safetensors")), null)
                .tensors();
    }

    private static void assertSameTokenizer(Path folder) {
        assertThat(folder.resolve("tokenizer.model")).doesNotExist();
        assertThat(folder.resolve("tokenizer.json")).hasSameBinaryContentAs(LLAMA.resolve("tokenizer.json"));
        assertThat(folder.resolve("tokenizer_config.json"))
                .hasSameBinaryContentAs(LLAMA.resolve("tokenizer_config.json"));
    }

    @Test
    void assembleReadsTowerWithoutVisionModelAndTokenizerJson() {
        assembly(AddedImageTokens.NONE).writeTo(out.resolve("llava"));
        assertSameTokenizer(out.resolve("llava"));
        Map<String, INDArray> tower = FolderTests.read(out.resolve("llava/vision_tower"));
        FolderTests.read(CLIP)
                .forEach((name, tensor) ->
                        assertThat(tower.get("vision_model." + name)).as(name).isEqualTo(tensor));
        assertThat(ClipPreprocessing.read(out.resolve("llava/vision_tower"))).isEqualTo(ClipPreprocessing.clip(56));
        INDArray features = run(out.resolve("llava/vision_tower"), CLIP).get("features");
        assertThat(features).isEqualTo(run(CLIP, CLIP).get("features"));
        INDArray logits = run(out.resolve("llava"), LLAVA).get("logits");
        assertThat(logits.shape()).containsExactly(2, 40, 1024);
    }

    @Test
    void assembleExtendsTokenizerJson() {
        assembly(AddedImageTokens.START_END).writeTo(out.resolve("llava"));
        assertThat(out.resolve("llava/tokenizer.model")).doesNotExist();
        LlamaTokenizer extended = LlamaTokenizer.load(out.resolve("llava"));
        LlamaTokenizer original = LlamaTokenizer.load(LLAMA);
        assertThat(extended.encode(TEXT)).isEqualTo(original.encode(TEXT));
        assertThat(out.resolve("llava/tokenizer_config.json"))
                .hasSameBinaryContentAs(LLAMA.resolve("tokenizer_config.json"));
        assertThat(LlavaConfig.read(out.resolve("llava"), null).imageStartEndTokens())
                .isNotNull();
    }

    @ParameterizedTest
    @EnumSource(names = {"LLAVA", "LLAVA_HF"})
    void exportKeepsLogitsTokenizerAndPreprocessing(CheckpointLayout layout) {
        Path written = out.resolve("written");
        new Export(LLAVA, null, null, new WriteOptions(layout, SHARD), SaveType.AS_STORED, null).writeTo(written);
        assertThat(run(written, LLAVA).get("logits"))
                .isEqualTo(run(LLAVA, LLAVA).get("logits"));
        assertThat(LlavaConfig.read(written, null)).isEqualTo(LlavaConfig.read(LLAVA, null));
        assertThat(written.resolve("tokenizer.model")).doesNotExist();
        assertThat(LlamaTokenizer.load(written).encode(TEXT))
                .isEqualTo(LlamaTokenizer.load(LLAVA).encode(TEXT));
        Path tower = layout == CheckpointLayout.LLAVA ? written.resolve("vision_tower") : written;
        assertThat(ClipPreprocessing.read(tower)).isEqualTo(ClipPreprocessing.read(LLAVA));
    }

    /** The chat template of transformers is a file of its own since version 5. */
    @ParameterizedTest
    @EnumSource(names = {"LLAVA", "LLAVA_HF"})
    void exportCopiesChatTemplate(CheckpointLayout layout) throws IOException {
        Path model = temp.resolve("model");
        FolderFiles.copyFolder(LLAVA, model);
        Path template = Files.writeString(model.resolve("chat_template.jinja"), "{{ messages }}");
        new Export(model, null, null, new WriteOptions(layout, SHARD), SaveType.AS_STORED, null)
                .writeTo(out.resolve("written"));
        assertThat(out.resolve("written/chat_template.jinja")).hasSameBinaryContentAs(template);
    }

    /** transformers 5 reads {@code dtype} first, so that the origin's value must not stay beside the written one. */
    @Test
    void writtenConfigHasDtypeOfItsWeights() {
        SaveType half = SaveType.of(TensorType.BF16);
        new Assembly(
                        LLAMA,
                        CLIP,
                        new ProjectorOptions(ProjectorType.LINEAR, null, 3),
                        new FeatureOptions(-2, SelectFeature.PATCH, false),
                        AddedImageTokens.NONE,
                        512,
                        half,
                        SHARD)
                .writeTo(out.resolve("llava"));
        ObjectNode config = FolderTests.config(out.resolve("llava"));
        assertThat(config.get("torch_dtype").textValue()).isEqualTo("bfloat16");
        assertThat(config.has("dtype")).isFalse();
    }

    @Test
    void deltaRestoresLlavaWithTokenizerJson() {
        new Delta(LLAMA, SaveType.AS_STORED, SHARD).make(LLAVA, out.resolve("delta"));
        new Delta(LLAMA, SaveType.AS_STORED, SHARD).apply(out.resolve("delta"), out.resolve("made"));
        for (String file : new String[] {"tokenizer.json", "tokenizer_config.json", "processor_config.json"}) {
            assertThat(out.resolve("made").resolve(file)).hasSameBinaryContentAs(LLAVA.resolve(file));
        }
        INDArray logits = run(out.resolve("made"), LLAVA).get("logits");
        assertThat(Golden.relativeError(logits, run(LLAVA, LLAVA).get("logits")))
                .isLessThan(1e-5);
    }

    @Test
    void mergeOfAdapterKeepsTokenizerJson() throws IOException {
        Path base = out.resolve("base");
        assembly(AddedImageTokens.NONE).writeTo(base);
        LlavaConfig config = LlavaConfig.read(base, null);
        Path tower = LlavaConfig.visionTowerPath(base);
        LoraConfig lora = new LoraConfig(3, 6, 0, LoraConfig.ALL_LINEAR);
        Path adapter = Files.createDirectory(temp.resolve("adapter"));
        try (Checkpoint weights = Checkpoint.llava(base, tower).withoutTower()) {
            Llava model = Llava.build(config, new LoraTensorSource(weights, 5), ImageInput.FEATURES, new Lora(lora, 5));
            AdapterWriter.writeInto(
                    adapter, model, new Origin(base, tower, config, ChatFormat.of(base, "v1")), lora, TensorType.F32);
        }
        assertSameTokenizer(adapter);
        new LoraMerge(base, adapter, null, SaveType.AS_STORED, SHARD).writeTo(out.resolve("merged"));
        assertSameTokenizer(out.resolve("merged"));
        // B is zero.
        assertThat(run(out.resolve("merged"), LLAVA).get("logits"))
                .isEqualTo(run(base, LLAVA).get("logits"));
    }

    /** A tied model has no tensor of the head. */
    @Test
    void tiedModelLoadsWithoutHead() throws IOException {
        Path tied = Files.createDirectory(temp.resolve("tied"));
        Map<String, INDArray> tensors = FolderTests.read(LLAVA);
        tensors.remove("language_model.lm_head.weight");
        SafetensorsWriter.write(tied.resolve("model.safetensors"), tensors);
        ObjectNode config = FolderTests.config(LLAVA);
        FolderTests.change(tied, config);
        assertThatThrownBy(() -> run(tied, LLAVA))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("lm_head.weight [1024, 96] is missing");
        FolderTests.change(tied, config.put("tie_word_embeddings", true));
        Map<String, INDArray> outputs = run(tied, LLAVA);
        INDArray table = tensors.get("language_model.model.embed_tokens.weight");
        INDArray states = outputs.get("hidden_states.3");
        INDArray expected = states.reshape(80, 96).mmul(table.transpose()).reshape(2, 40, 1024);
        assertThat(Golden.relativeError(outputs.get("logits"), expected)).isLessThan(1e-5);
    }

    @Test
    void towerWithBothNamingsIsRejected() throws IOException {
        Path both = Files.createDirectory(temp.resolve("both"));
        FolderTests.change(both, FolderTests.config(CLIP));
        Map<String, INDArray> tensors = new TreeMap<>(FolderTests.read(CLIP));
        INDArray norm = tensors.get("pre_layrnorm.weight");
        tensors.put("vision_model.pre_layrnorm.weight", norm);
        SafetensorsWriter.write(both.resolve("model.safetensors"), tensors);
        assertThatThrownBy(() -> ForwardPassRecorder.open(both, null))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll("are both the weight vision_model.pre_layrnorm.weight");
        tensors.remove("vision_model.pre_layrnorm.weight");
        tensors.remove("pre_layrnorm.weight");
        SafetensorsWriter.write(both.resolve("model.safetensors"), tensors);
        assertThatThrownBy(() -> ForwardPassRecorder.open(both, null))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("vision_model.pre_layrnorm.weight [64] is missing");
    }

    /** LLaVA's own layout with the tower inside, whose names omit {@code vision_model}. */
    @Test
    void towerInsideLlavaLoadsWithoutVisionModelInNames() throws IOException {
        Path original = Golden.path("c_llava_linear");
        Path folder = Files.createDirectory(temp.resolve("inside"));
        ObjectNode config = FolderTests.config(original);
        config.put("unfreeze_mm_vision_tower", true);
        config.put("mm_vision_tower", FolderTests.TOWER.toAbsolutePath().toString());
        FolderTests.change(folder, config);
        Map<String, INDArray> tensors = new TreeMap<>();
        FolderTests.read(original)
                .forEach((name, tensor) ->
                        tensors.put(name.replace(Llava.TOWER_PREFIX + "vision_model.", Llava.TOWER_PREFIX), tensor));
        assertThat(tensors).containsKey(Llava.TOWER_PREFIX + "pre_layrnorm.weight");
        SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors);
        assertThat(run(folder, original).get("logits"))
                .isEqualTo(run(original, original).get("logits"));
    }
}
