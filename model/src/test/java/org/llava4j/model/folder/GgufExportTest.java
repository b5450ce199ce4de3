package org.llava4j.model.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.data.tokenizer.GgufTokenizerWriter;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.ImageStartEndFolder;
import org.llava4j.model.Llava;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.GenerationConfig;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.kernels.BlockFormat;
import org.llava4j.model.kernels.BlockQuantizer;
import org.llava4j.model.kernels.QuantizedWeights;
import org.llava4j.model.tensors.GgufFile;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.ForwardPassRecorder;
import org.llava4j.model.weights.GgufSaveType;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Models that are exported to GGUF files and read back. */
class GgufExportTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));
    private static final Path TINY = ROOT.resolve("resources/tiny/llava");
    private static final Path MLP = Golden.path("c_llava_mlp2x_gelu");
    private static final String GATE = "model.layers.0.mlp.gate_proj.weight";
    private static final String QUERY = "model.layers.1.self_attn.q_proj.weight";
    private static final String KEY = "model.layers.1.self_attn.k_proj.weight";

    @TempDir
    private Path temp;

    private final List<String> notices = new ArrayList<>();
    private Path original;

    /** A LLaVA with a tokenizer, whose weights are exact in F16. */
    @BeforeEach
    void writeOriginal() throws IOException {
        original = temp.resolve("original");
        new Export(MLP, null, null, WriteOptions.DEFAULT, SaveType.of(TensorType.F16), null).writeTo(original);
        Files.copy(Golden.path("e_spm/tokenizer.model"), original.resolve("tokenizer.model"));
    }

    private void change(Path config, Consumer<ObjectNode> change) {
        ObjectNode json = FolderTests.config(config);
        change.accept(json);
        FolderFiles.writeJson(config.resolve("config.json"), json);
    }

    private Path export(Path model, GgufSaveType type) {
        return export(model, null, type, "gguf-" + type);
    }

    private Path export(Path model, Path tower, GgufSaveType type, String name) {
        Path out = temp.resolve(name);
        new GgufExport(model, tower, null, type, null, notices::add).writeTo(out);
        return out;
    }

    private static Path decoder(Path folder, GgufSaveType type) {
        return folder.resolve("model-" + type + ".gguf");
    }

    private static Path mmproj(Path folder) {
        return folder.resolve("mmproj-model-f16.gguf");
    }

    private static INDArray logits(Path model, Path tower) {
        Map<String, INDArray> io = FolderTests.read(MLP.resolve("io.safetensors"));
        return ForwardPassRecorder.open(model, tower).run(io, null).tensors().get("logits");
    }

    @Test
    void f16ExportOfF16WeightsGivesEqualLogitsAndConfig() {
        Path out = export(original, GgufSaveType.F16);
        Path decoder = decoder(out, GgufSaveType.F16);
        assertThat(logits(decoder, mmproj(out))).isEqualTo(logits(original, null));
        LlavaConfig expected = LlavaConfig.read(original, null);
        LlavaConfig actual = LlavaConfig.read(decoder, mmproj(out));
        assertThat(actual.decoder()).isEqualTo(expected.decoder());
        assertThat(actual.maxLength()).isEqualTo(expected.maxLength());
        assertThat(actual.padToSquare()).isEqualTo(expected.padToSquare());
        assertThat(actual.projector()).isEqualTo(expected.projector());
        assertThat(actual.featureLayer()).isEqualTo(expected.featureLayer());
        assertThat(actual.vision().layers()).isEqualTo(expected.featureLayer());
        assertThat(actual.vision().imageSizePx()).isEqualTo(expected.vision().imageSizePx());
        ClipPreprocessing clip = ClipPreprocessing.clip(expected.vision().imageSizePx());
        assertThat(actual.preprocessing(mmproj(out)).mean())
                .as("float32 in the file")
                .map(Double::floatValue)
                .isEqualTo(clip.mean().stream().map(Double::floatValue).toList());
        assertThat(notices)
                .anyMatch(notice -> notice.contains("last norm and 1 of"))
                .anyMatch(notice -> notice.contains("pieces"));
        assertThat(ModelManifest.read(out).differences(out)).isEmpty();
    }

    @Test
    void f16ExportOfWiderWeightsGivesLogitsNearby() throws IOException {
        Path wide = temp.resolve("wide");
        new Export(MLP, null, null, WriteOptions.DEFAULT, SaveType.AS_STORED, null).writeTo(wide);
        Files.copy(Golden.path("e_spm/tokenizer.model"), wide.resolve("tokenizer.model"));
        Path out = export(wide, GgufSaveType.F16);
        assertThat(Golden.relativeError(logits(decoder(out, GgufSaveType.F16), mmproj(out)), logits(wide, null)))
                .isLessThan(1e-3);
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q4_0"})
    void quantizedExportHoldsQuantizedWeights(GgufSaveType type) {
        Path out = export(original, type);
        Path decoder = decoder(out, type);
        BlockFormat format = BlockFormat.valueOf(type.name());
        Llava expected = ModelSource.of(original).buildDecoder(WeightDtype.FP32);
        Llava stored = ModelSource.of(decoder, mmproj(out)).withMmap(false).buildDecoder(WeightDtype.STORED);
        Llava dequantized = ModelSource.of(decoder, mmproj(out)).buildDecoder(WeightDtype.FP32);
        for (String name : List.of(GATE, QUERY, KEY)) {
            INDArray blocks = BlockQuantizer.quantize(name, expected.weight(name), format);
            assertThat(stored.weight(name)).as(name).isEqualTo(blocks);
            assertThat(dequantized.weight(name)).as(name).isEqualTo(QuantizedWeights.dequantize(blocks));
        }
        assertThat(stored.weight("lm_head.weight").size(2)).isEqualTo(BlockFormat.Q8_0.typeSize());
        String down = "model.layers.0.mlp.down_proj.weight";
        assertThat(stored.weight(down).dataType())
                .as("176 columns are not whole blocks")
                .isEqualTo(DataType.HALF);
        assertThat(dequantized.weight(down)).isEqualTo(expected.weight(down));
        assertThat(notices).anyMatch(notice -> notice.contains("matrices are f16") && notice.contains("down_proj"));
        Path floats = temp.resolve("floats");
        new Export(decoder, mmproj(out), null, WriteOptions.DEFAULT, SaveType.of(TensorType.F32), null).writeTo(floats);
        assertThat(Golden.relativeError(logits(decoder, mmproj(out)), logits(floats, null)))
                .isLessThan(1e-5);
    }

    @ParameterizedTest
    @EnumSource
    void exportOfGgufPairKeepsItsBytes(GgufSaveType type) throws IOException {
        Path first = export(original, type);
        Path second = export(decoder(first, type), mmproj(first), type, "again");
        try (GgufFile expected = GgufFile.open(decoder(first, type));
                GgufFile actual = GgufFile.open(decoder(second, type))) {
            assertThat(actual.tensors()).isEqualTo(expected.tensors());
            for (String name : expected.tensors().keySet()) {
                assertThat(actual.read(name)).as(name).isEqualTo(expected.read(name));
            }
            assertThat(actual.header().keys()).isEqualTo(expected.header().keys());
        }
        assertThat(logits(decoder(second, type), mmproj(second)))
                .isEqualTo(logits(decoder(first, type), mmproj(first)));
    }

    @Test
    void quantizingAgainIsReported() {
        Path first = export(original, GgufSaveType.Q8_0);
        notices.clear();
        export(decoder(first, GgufSaveType.Q8_0), mmproj(first), GgufSaveType.Q4_0, "again");
        assertThat(notices).anyMatch(notice -> notice.contains("quantized again"));
        notices.clear();
        export(decoder(first, GgufSaveType.Q8_0), mmproj(first), GgufSaveType.Q8_0, "same");
        assertThat(notices).noneMatch(notice -> notice.contains("quantized again"));
    }

    @Test
    void exportOfOtherBlocksGivesLogitsNearby() {
        Path model = Golden.path("k_gguf/model.gguf");
        Path out = export(model, Golden.path("k_gguf/mmproj.gguf"), GgufSaveType.F16, "out");
        Map<String, INDArray> io = FolderTests.read(Golden.path("k_gguf/io.safetensors"));
        INDArray expected = ForwardPassRecorder.open(model, Golden.path("k_gguf/mmproj.gguf"))
                .run(io, null)
                .tensors()
                .get("logits");
        INDArray actual = ForwardPassRecorder.open(decoder(out, GgufSaveType.F16), mmproj(out))
                .run(io, null)
                .tensors()
                .get("logits");
        assertThat(Golden.relativeError(actual, expected)).isLessThan(1e-3);
    }

    @Test
    void exportedTinyModelAnswersLikeOriginal() {
        Path out = export(TINY, GgufSaveType.F16);
        assertThat(notices)
                .anyMatch(notice -> notice.contains("--conv-mode") && notice.contains("demo"))
                .anyMatch(notice -> notice.contains("image_aspect_ratio"))
                .anyMatch(notice -> notice.contains("GELU") && notice.contains("wrong"));
        Path decoder = decoder(out, GgufSaveType.F16);
        Path image = ROOT.resolve("resources/readme/map.png");
        String question = "Describe the image.";
        try (LlavaModel written =
                        LlavaModel.load(ModelSource.of(decoder, mmproj(out)), ChatFormat.of(TINY), WeightDtype.STORED);
                LlavaModel model = LlavaModel.load(TINY)) {
            assertThat(written.answer(image, question)).isNotEmpty().isEqualTo(model.answer(image, question));
        }
        LlamaTokenizer tokenizer = LlamaTokenizer.load(TINY);
        String text = "Which way is it, </s> 你?";
        assertThat(LlamaTokenizer.load(decoder).encodeWithBos(text)).isEqualTo(tokenizer.encodeWithBos(text));
    }

    @Test
    void decoderAloneIsWrittenWithoutMmproj() throws IOException {
        Path llama = ModelFolders.llama(temp.resolve("llama"));
        change(llama, json -> {
            json.put("max_position_embeddings", 777);
            json.putObject("rope_scaling").put("type", "linear").put("factor", 2.0);
            json.putArray("eos_token_id").add(2).add(5).add(7);
        });
        Path out = export(llama, GgufSaveType.F16);
        Path decoder = decoder(out, GgufSaveType.F16);
        assertThat(out).isDirectoryNotContaining("glob:**mmproj*");
        assertThat(LlamaConfig.read(decoder)).isEqualTo(LlamaConfig.read(llama));
        assertThat(GenerationConfig.eosIds(decoder)).containsExactlyInAnyOrder(2, 5);
        assertThat(notices).anyMatch(notice -> notice.contains("wrote 2 and 5, left out 7"));
        try (GgufFile file = GgufFile.open(decoder)) {
            assertThat(file.header().integer("llama.context_length")).isEqualTo(777);
            assertThat(file.header().text("general.name")).isEqualTo("llama");
        }
    }

    @Test
    void tiedHeadIsNotWrittenAndTableHasItsType() {
        Path llama = ModelFolders.llama(temp.resolve("llama"));
        Map<String, INDArray> weights = FolderTests.read(llama.resolve("model.safetensors"));
        weights.remove("lm_head.weight");
        SafetensorsWriter.write(llama.resolve("model.safetensors"), weights);
        change(llama, json -> json.put("tie_word_embeddings", true));
        Path decoder = decoder(export(llama, GgufSaveType.Q4_0), GgufSaveType.Q4_0);
        assertThat(LlamaConfig.read(decoder).tiedEmbeddings()).isTrue();
        try (GgufFile file = GgufFile.open(decoder)) {
            assertThat(file.tensors()).doesNotContainKey("output.weight");
            assertThat(file.tensors().get("token_embd.weight").shape()[2]).isEqualTo(BlockFormat.Q8_0.typeSize());
        }
    }

    @Test
    void endTokenOutsideVocabularyIsRejected() throws IOException {
        Files.deleteIfExists(original.resolve("generation_config.json"));
        change(original, json -> json.putArray("eos_token_id").add(2).add(99_999));
        assertRejected(original, GgufSaveType.F16, "config.json: \"eos_token_id\" has the token 99999");
    }

    private Path wide(double value, String... names) throws IOException {
        Path wide = temp.resolve("wide");
        new Export(MLP, null, null, WriteOptions.DEFAULT, SaveType.of(TensorType.F32), null).writeTo(wide);
        Files.copy(Golden.path("e_spm/tokenizer.model"), wide.resolve("tokenizer.model"));
        Map<String, INDArray> tensors = FolderTests.read(wide.resolve("model.safetensors"));
        for (String name : names) {
            tensors.get(name).putScalar(new long[] {0, 1}, value);
        }
        SafetensorsWriter.write(wide.resolve("model.safetensors"), tensors);
        return wide;
    }

    @Test
    void overflowIsRejectedWithFittingAdvice() throws IOException {
        Path model = wide(1e6, GATE);
        assertRejected(model, GgufSaveType.F16, GATE, "1 of ", "--save-type q8_0", "--allow-overflow");
        assertRejected(
                model, GgufSaveType.Q4_0, GATE, "too large", "--save-type q8_0", "--allow-overflow has no effect");
        assertThat(export(model, GgufSaveType.Q8_0)).isDirectory();
        Path allowed = temp.resolve("allowed");
        new GgufExport(model, null, null, GgufSaveType.F16, notices::add, notices::add).writeTo(allowed);
        assertThat(notices).anyMatch(notice -> notice.contains(GATE) && notice.contains("become infinite"));
    }

    @ParameterizedTest
    @EnumSource
    void overflowInProjectorIsRejectedBeforeDecoder(GgufSaveType type) throws IOException {
        assertRejected(
                wide(1e9, "model.mm_projector.0.weight", GATE),
                type,
                "model.mm_projector.0.weight",
                "of all types",
                "another layout",
                "--allow-overflow");
    }

    @Test
    void damagedSourceIsRejected() throws IOException {
        assertRejected(wide(Double.NaN, GATE), GgufSaveType.Q8_0, GATE, "damaged", "inspect --verify");
    }

    @Test
    void differencesOfTowerAndImagesAreReported() throws IOException {
        change(original, json -> json.put("mm_vision_select_layer", -1).put("image_aspect_ratio", "pad"));
        Path file = original.resolve("vision_tower/preprocessor_config.json");
        ObjectNode images = (ObjectNode) JsonInput.readBoundedObject(file);
        images.putArray("image_mean").add(0.5).add(0.5).add(0.5);
        FolderFiles.writeJson(file, images);
        export(original, GgufSaveType.F16);
        assertThat(notices)
                .anyMatch(notice -> notice.endsWith("its last norm"))
                .anyMatch(notice -> notice.contains("image_mean"));
    }

    private String chatTemplate(String conversation, String template) throws IOException {
        change(original, json -> json.put(ChatFormat.CONV_MODE, conversation));
        Files.writeString(original.resolve("chat_template.jinja"), template);
        notices.clear();
        Path out = export(original, GgufSaveType.F16);
        try (GgufFile file = GgufFile.open(decoder(out, GgufSaveType.F16))) {
            return file.header().text(GgufTokenizerWriter.CHAT_TEMPLATE, "");
        }
    }

    @Test
    void chatTemplateThatContradictsConversationTemplateIsLeftOut() throws IOException {
        String v1 = "USER: {{ x }} ASSISTANT:";
        assertThat(chatTemplate("v1", v1)).isEqualTo(v1);
        assertThat(notices).noneMatch(notice -> notice.contains("template"));
        assertThat(chatTemplate("v1", "[INST]")).isEmpty();
        assertThat(notices).anyMatch(notice -> notice.contains("left out the chat template"));
        assertThat(chatTemplate("v0", v1)).isEmpty();
        assertThat(notices)
                .anyMatch(notice -> notice.contains("left out the chat template"))
                .anyMatch(notice -> notice.contains("give LLaVA4J --conv-mode"));
        assertThat(chatTemplate("v0", "###")).isEqualTo("###");
    }

    @Test
    void exportRejectsWhatFilesCannotHold() throws IOException {
        change(original, json -> json.put("mm_vision_select_feature", "cls_patch"));
        assertRejected(original, null, "cls_patch");
        change(original, json -> json.put("mm_vision_select_feature", "patch").put("mm_vision_select_layer", 0));
        assertRejected(original, null, "mm_vision_select_layer");
        Path llama = ModelFolders.llama(temp.resolve("llama"));
        assertRejected(llama, Golden.path("a_clip56"), "assemble");
        assertRejected(Golden.path("a_clip56"), null, "vision tower alone");
        assertRejected(MLP, null, "tokenizer.model");
        assertRejected(
                ImageStartEndFolder.write(temp.resolve("tokens")), ImageStartEndFolder.TOWER, "mm_use_im_start_end");
    }

    private void assertRejected(Path model, GgufSaveType type, String... messages) {
        assertThatThrownBy(() -> export(model, null, type, "rejected"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll(messages)
                .hasMessageNotContaining("\n");
        assertThat(temp.resolve("rejected")).doesNotExist();
    }

    private void assertRejected(Path model, Path tower, String message) {
        assertThatThrownBy(() -> export(model, tower, GgufSaveType.F16, "rejected"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
        assertThat(temp.resolve("rejected")).doesNotExist();
    }
}
