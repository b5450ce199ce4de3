package org.llava4j.model.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.ImageStartEndFolder;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.config.LlavaConfig.SelectFeature;
import org.llava4j.model.folder.Assembly.AddedImageTokens;
import org.llava4j.model.folder.Assembly.FeatureOptions;
import org.llava4j.model.folder.Assembly.ProjectorOptions;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.model.tensors.TensorFolder;
import org.llava4j.model.tensors.TensorStore;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.CheckpointLayout;
import org.llava4j.model.weights.ForwardPassRecorder;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

class ExportTest {
    private static final Path MLP = Golden.path("c_llava_mlp2x_gelu");
    private static final Path LINEAR = Golden.path("c_llava_linear");
    private static final WriteOptions HF =
            new WriteOptions(CheckpointLayout.LLAVA_HF, WriteOptions.DEFAULT_SHARD_BYTES);

    @TempDir
    private Path temp;

    @TempDir
    private Path out;

    @Test
    void llavaHfExportGivesReferenceLogits() {
        export(MLP, HF).writeTo(out.resolve("hf"));
        Map<String, INDArray> io = FolderTests.read(MLP.resolve("io.safetensors"));
        ForwardPassRecorder.Outputs original =
                ForwardPassRecorder.open(MLP, null).run(io, null);
        ForwardPassRecorder.Outputs port =
                ForwardPassRecorder.open(out.resolve("hf"), null).run(io, null);
        ForwardPassRecorder.Outputs golden =
                ForwardPassRecorder.open(Golden.path("h_llava_hf"), null).run(io, null);
        for (ForwardPassRecorder.Outputs checked : List.of(original, golden)) {
            assertThat(port.tensors().get("logits")).isEqualTo(checked.tensors().get("logits"));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = CheckpointLayout.class,
            names = {"LLAVA", "LLAVA_HF"})
    void ggufExportIsTheSameModel(CheckpointLayout layout) {
        Path decoder = Golden.path("k_gguf/model.gguf");
        Path tower = Golden.path("k_gguf/mmproj.gguf");
        WriteOptions options = new WriteOptions(layout, WriteOptions.DEFAULT_SHARD_BYTES);
        new Export(decoder, tower, null, options, SaveType.of(TensorType.F32), null).writeTo(out.resolve("model"));
        Map<String, INDArray> io = FolderTests.read(Golden.path("k_gguf/io.safetensors"));
        ForwardPassRecorder.Outputs original =
                ForwardPassRecorder.open(decoder, tower).run(io, null);
        ForwardPassRecorder.Outputs port =
                ForwardPassRecorder.open(out.resolve("model"), null).run(io, null);
        long tokens = LlamaConfig.read(decoder).vocabSize();
        assertThat(port.tensors()
                        .get("logits")
                        .get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(0, tokens)))
                .isEqualTo(original.tensors().get("logits"));
        LlamaTokenizer written = LlamaTokenizer.load(out.resolve("model"));
        String text = "Which way is it, </s> 你?";
        assertThat(written.encodeWithBos(text))
                .isEqualTo(LlamaTokenizer.load(decoder).encodeWithBos(text));
        assertThat(written.addedId("<image>") != null).isEqualTo(layout == CheckpointLayout.LLAVA_HF);
        assertThat(ChatFormat.of(out.resolve("model")).template().name()).isEqualTo("v1");
        Path images = layout == CheckpointLayout.LLAVA ? out.resolve("model/vision_tower") : out.resolve("model");
        assertThat(ClipPreprocessing.read(images).mean())
                .isEqualTo(ClipPreprocessing.read(tower).mean());
    }

    @Test
    void ggufExportKeepsDtypesAndDequantizesBlocks() {
        new Export(
                        Golden.path("k_gguf/model.gguf"),
                        Golden.path("k_gguf/mmproj.gguf"),
                        null,
                        WriteOptions.DEFAULT,
                        SaveType.AS_STORED,
                        null)
                .writeTo(out.resolve("model"));
        try (TensorStore weights = TensorFolder.open(out.resolve("model"))) {
            assertThat(weights.tensors().get("lm_head.weight").type()).isEqualTo(TensorType.F32);
            assertThat(weights.tensors()
                            .get("model.layers.1.self_attn.v_proj.weight")
                            .type())
                    .isEqualTo(TensorType.BF16);
            assertThat(weights.tensors().get("model.mm_projector.0.weight").type())
                    .isEqualTo(TensorType.F16);
        }
    }

    @Test
    void llavaHfExportHasTensorsOfTransformers() {
        export(MLP, HF).writeTo(out.resolve("hf"));
        // transformers 5 uses newer names for lm_head and the decoder, which map to the same variables.
        Map<String, INDArray> golden = byVariable(Golden.path("h_llava_hf"));
        Map<String, INDArray> ours = byVariable(out.resolve("hf"));
        assertThat(ours.keySet()).isEqualTo(golden.keySet());
        golden.forEach((name, tensor) -> assertThat(ours.get(name)).as(name).isEqualTo(tensor));
        ObjectNode config = FolderTests.config(out.resolve("hf"));
        assertThat(config.get("image_token_index").intValue()).isEqualTo(319);
        assertThat(config.get("vision_feature_layer").intValue()).isEqualTo(-2);
        assertThat(config.at("/text_config/vocab_size").intValue()).isEqualTo(320);
        assertThat(config.get("torch_dtype").textValue()).isEqualTo("float32");
    }

    @Test
    void exportFailsIfFileChangesDuringRead() {
        Path model = temp.resolve("model");
        export(MLP, WriteOptions.DEFAULT).writeTo(model);
        for (String name : List.of("model.safetensors", "config.json", "vision_tower/config.json")) {
            Path file = model.resolve(name);
            Export export = export(model, WriteOptions.DEFAULT);
            assertThatThrownBy(() -> export.run(out.resolve("copy"), (folder, checkpoint, origin) -> {
                        append(file);
                        return "llava";
                    }))
                    .isInstanceOf(BadInputException.class)
                    .hasMessage(file + " has changed since the command started; nothing was written");
            assertThat(out.resolve("copy")).doesNotExist();
            if (name.endsWith(".safetensors")) {
                cutLast(file);
            }
        }
    }

    private static void append(Path file) {
        try {
            Files.writeString(file, " ", StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void cutLast(Path file) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, INDArray> byVariable(Path folder) {
        Map<String, INDArray> stored = FolderTests.read(folder);
        Map<String, INDArray> named = new java.util.TreeMap<>();
        stored.forEach((name, tensor) -> named.put(CheckpointLayout.LLAVA_HF.toVariable(name), tensor));
        return named;
    }

    @ParameterizedTest
    @CsvSource({"LLAVA, LLAVA", "LLAVA, LLAVA_HF", "LLAVA_HF, LLAVA", "LLAVA_HF, LLAVA_HF"})
    void repeatedExportGivesSameBytes(CheckpointLayout first, CheckpointLayout second) {
        Path source = first == CheckpointLayout.LLAVA ? MLP : Golden.path("h_llava_hf");
        WriteOptions options = new WriteOptions(second, 300_000);
        export(source, options).writeTo(out.resolve("once"));
        export(out.resolve("once"), options).writeTo(out.resolve("twice"));
        FolderTests.assertSameFiles(out.resolve("once"), out.resolve("twice"));
        assertThat(ModelFolders.files(out.resolve("once"))).containsKey("model.safetensors.index.json");
    }

    @Test
    void layoutRoundTripGivesSameBytes() {
        export(MLP, WriteOptions.DEFAULT).writeTo(out.resolve("own"));
        export(out.resolve("own"), HF).writeTo(out.resolve("hf"));
        export(out.resolve("hf"), WriteOptions.DEFAULT).writeTo(out.resolve("back"));
        Map<String, byte[]> exported = ModelFolders.files(out.resolve("own"));
        Map<String, byte[]> back = ModelFolders.files(out.resolve("back"));
        assertThat(back.get("model.safetensors")).isEqualTo(exported.get("model.safetensors"));
        assertThat(back.get("mm_projector.safetensors")).isEqualTo(exported.get("mm_projector.safetensors"));
        assertThat(back.get("vision_tower/model.safetensors"))
                .isEqualTo(exported.get("vision_tower/model.safetensors"));
        assertThat(LlavaConfig.read(out.resolve("back"), null)).isEqualTo(LlavaConfig.read(out.resolve("own"), null));
    }

    @ParameterizedTest
    @EnumSource(
            value = CheckpointLayout.class,
            names = {"LLAVA", "LLAVA_HF"})
    void shardsStayWithinLimitAndHoldAllTensors(CheckpointLayout layout) {
        export(MLP, new WriteOptions(layout, 200_000)).writeTo(out.resolve("shards"));
        Map<String, byte[]> files = ModelFolders.files(out.resolve("shards"));
        long shards = files.keySet().stream()
                .filter(name -> name.matches("model-\\d{5}-of-\\d{5}\\.safetensors"))
                .count();
        assertThat(shards).isGreaterThan(3);
        for (String name : files.keySet()) {
            if (name.matches("model-.*")) {
                try (SafetensorsFile file =
                        SafetensorsFile.open(out.resolve("shards").resolve(name))) {
                    long valueBytes = file.tensors().values().stream()
                            .mapToLong(tensor -> tensor.length() * 4)
                            .sum();
                    assertThat(valueBytes <= 200_000 || file.tensors().size() == 1)
                            .isTrue();
                }
            }
        }
        assertThat(ForwardPassRecorder.open(out.resolve("shards"), null)).isNotNull();
    }

    @Test
    void exportKeepsStoredDtypesByDefault() {
        Path mixed = Golden.path("i_llava_bin");
        new Export(mixed, FolderTests.TOWER, null, WriteOptions.DEFAULT, SaveType.AS_STORED, null)
                .writeTo(out.resolve("own"));
        try (TensorStore before = TensorFolder.open(mixed);
                TensorStore after = TensorFolder.open(out.resolve("own"));
                TensorStore tower = TensorFolder.open(out.resolve("own/vision_tower"))) {
            after.tensors().forEach((name, tensor) -> {
                assertThat(tensor).isEqualTo(before.tensors().get(name));
                assertThat(after.read(name)).as(name).isEqualTo(before.read(name));
            });
            assertThat(tower.tensors().values()).allMatch(tensor -> tensor.type() == TensorType.F16);
            assertThat(after.tensors().values()).anyMatch(tensor -> tensor.type() == TensorType.BF16);
        }
        new Export(mixed, FolderTests.TOWER, null, WriteOptions.DEFAULT, SaveType.of(TensorType.BF16), null)
                .writeTo(out.resolve("bf16"));
        try (TensorStore bf16 = TensorFolder.open(out.resolve("bf16"))) {
            assertThat(bf16.tensors().values()).allMatch(tensor -> tensor.type() == TensorType.BF16);
        }
        assertThat(FolderTests.config(out.resolve("bf16")).get("torch_dtype").textValue())
                .isEqualTo("bfloat16");
    }

    @Test
    void exportWritesProjectorOnly() {
        export(MLP, WriteOptions.DEFAULT).writeProjectorTo(out.resolve("projector"));
        Path file = out.resolve("projector/mm_projector.safetensors");
        assertThat(ModelFolders.files(out.resolve("projector"))).containsOnlyKeys("mm_projector.safetensors");
        Map<String, INDArray> model = FolderTests.read(MLP);
        FolderTests.read(file).forEach((name, tensor) -> assertThat(tensor).isEqualTo(model.get(name)));
    }

    @Test
    void exportMergesProjectorFileAndItsTokenRows() {
        Path withTokens = ImageStartEndFolder.write(temp.resolve("image-tokens"));
        export(withTokens, WriteOptions.DEFAULT).writeProjectorTo(out.resolve("projector"));
        // A model with other values in both rows.
        Path other = temp.resolve("other");
        export(withTokens, WriteOptions.DEFAULT).writeTo(other);
        Map<String, INDArray> tensors = FolderTests.read(other);
        tensors.get("model.embed_tokens.weight").getRow(1001).assign(7);
        tensors.get("model.mm_projector.weight").assign(3);
        org.llava4j.model.tensors.SafetensorsWriter.write(other.resolve("model.safetensors"), tensors);
        new Export(
                        other,
                        null,
                        out.resolve("projector/mm_projector.safetensors"),
                        WriteOptions.DEFAULT,
                        SaveType.AS_STORED,
                        null)
                .writeTo(out.resolve("joined"));
        Map<String, INDArray> joined = FolderTests.read(out.resolve("joined"));
        FolderTests.read(withTokens)
                .forEach((name, tensor) -> assertThat(joined.get(name)).as(name).isEqualTo(tensor));
    }

    @Test
    void llavaHfImageTokenRowIsNeverRead() throws IOException {
        Path llama = ModelFolders.llama(temp.resolve("llama"));
        Files.delete(llama.resolve("tokenizer_config.json"));
        assemble(llama, ProjectorType.MLP2X_GELU, AddedImageTokens.NONE).writeTo(out.resolve("own"));
        ObjectNode pad = FolderTests.config(out.resolve("own"));
        pad.put("image_aspect_ratio", "pad").put("tokenizer_model_max_length", 77);
        FolderTests.change(out.resolve("own"), pad);
        new Export(out.resolve("own"), null, null, HF, SaveType.AS_STORED, "v1").writeTo(out.resolve("hf"));
        ObjectNode config = FolderTests.config(out.resolve("hf"));
        assertThat(config.get("image_token_index").intValue()).isEqualTo(1000);
        assertThat(config.at("/text_config/vocab_size").intValue()).isEqualTo(1001);
        LlavaConfig read = LlavaConfig.read(out.resolve("hf"), null);
        assertThat(read.padToSquare()).isTrue();
        assertThat(read.maxLength()).isEqualTo(77);
        assertThat(ChatFormat.of(out.resolve("hf")).template().name()).isEqualTo("v1");
        LlamaTokenizer tokenizer = LlamaTokenizer.load(out.resolve("hf"));
        assertThat(JsonInput.readObject(out.resolve("hf/tokenizer_config.json"))
                        .get("add_bos_token")
                        .booleanValue())
                .isTrue();
        assertThat(tokenizer.encodeWithImages("see <image> there"))
                .isEqualTo(LlamaTokenizer.load(llama).encodeWithImages("see <image> there"));
        export(out.resolve("hf"), HF).writeTo(out.resolve("again"));
        FolderTests.assertSameFiles(out.resolve("hf"), out.resolve("again"));
    }

    @Test
    void manifestRecordsSourcesAndHashesAndFindsChanges() throws IOException {
        export(MLP, WriteOptions.DEFAULT).writeTo(out.resolve("own"));
        ModelManifest manifest = ModelManifest.read(out.resolve("own"));
        assertThat(manifest.layout()).isEqualTo(CheckpointLayout.LLAVA.toString());
        assertThat(manifest.library()).matches("\\d+\\.\\d+\\.\\d+(-SNAPSHOT)?");
        assertThat(manifest.sources().get("lm_head.weight")).isEqualTo(MLP + ":lm_head.weight");
        assertThat(manifest.files().keySet())
                .isEqualTo(ModelFolders.files(out.resolve("own")).keySet());
        assertThat(manifest.differences(out.resolve("own"))).isEmpty();
        Files.delete(out.resolve("own/mm_projector.safetensors"));
        Files.writeString(out.resolve("own/new.txt"), "x");
        byte[] weights = Files.readAllBytes(out.resolve("own/model.safetensors"));
        weights[weights.length - 1] ^= 1;
        Files.write(out.resolve("own/model.safetensors"), weights);
        assertThat(manifest.differences(out.resolve("own")))
                .hasSize(3)
                .anyMatch(line -> line.equals("mm_projector.safetensors is missing"))
                .anyMatch(line -> line.startsWith("model.safetensors was modified"))
                .anyMatch(line -> line.equals("new.txt was added"));
    }

    @Test
    void llavaHfExportRejectsUnsupportedModels() {
        assertThatThrownBy(() -> export(LINEAR, HF).writeTo(out.resolve("hf")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("llava-hf does not support a linear projector");
        assertThatThrownBy(() -> export(ImageStartEndFolder.write(temp.resolve("image-tokens")), HF)
                        .writeTo(out.resolve("hf")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("llava-hf");
        assertThat(out).isEmptyDirectory();
    }

    @Test
    void exportRejectsIncompleteModels() throws IOException {
        assertThatThrownBy(() ->
                        export(Golden.path("b_llama"), WriteOptions.DEFAULT).writeTo(out.resolve("x")))
                .hasMessageContaining("is not a LLaVA");
        assertThatThrownBy(() -> export(MLP, WriteOptions.DEFAULT).writeTo(MLP))
                .hasMessageContaining("is also an input");
        Path other = Files.createDirectory(temp.resolve("other"));
        for (String name : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(MLP.resolve(name), other.resolve(name));
        }
        FolderTests.change(other, FolderTests.config(other).put("intermediate_size", 180));
        assertThatThrownBy(
                        () -> new Export(other, FolderTests.TOWER, null, WriteOptions.DEFAULT, SaveType.AS_STORED, null)
                                .writeTo(out.resolve("x")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("but the config asks for [180, 64]");
        assertThat(out).isEmptyDirectory();
    }

    @Test
    void exportRejectsValuesBeyondSaveType() throws IOException {
        Path model = out.resolve("large");
        Files.createDirectories(model);
        for (String file : List.of("config.json", "tokenizer.model")) {
            if (Files.exists(LINEAR.resolve(file))) {
                Files.copy(LINEAR.resolve(file), model.resolve(file));
            }
        }
        Map<String, INDArray> tensors = FolderTests.read(LINEAR);
        String name = "model.layers.0.mlp.up_proj.weight";
        tensors.get(name).putScalar(new long[] {0, 1}, 1e6).putScalar(new long[] {2, 0}, -65520);
        SafetensorsWriter.write(model.resolve("model.safetensors"), tensors);
        Path target = out.resolve("f16");
        assertThatThrownBy(() -> new Export(
                                model, FolderTests.TOWER, null, WriteOptions.DEFAULT, SaveType.of(TensorType.F16), null)
                        .writeTo(target))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(name)
                .hasMessageContaining("2 of ")
                .hasMessageContaining("float16")
                .hasMessageContaining("--allow-overflow");
        assertThat(target).doesNotExist();
        List<String> messages = new ArrayList<>();
        SaveType allowed = new SaveType(TensorType.F16, messages::add);
        new Export(model, FolderTests.TOWER, null, WriteOptions.DEFAULT, allowed, null).writeTo(target);
        assertThat(messages).singleElement().asString().contains(name, "2 of ", "1.00000e+06");
        assertThat(FolderTests.read(target).get(name).getFloat(0, 1)).isInfinite();
    }

    private static Export export(Path model, WriteOptions options) {
        return new Export(model, null, null, options, SaveType.AS_STORED, null);
    }

    private static Assembly assemble(Path llama, ProjectorType type, AddedImageTokens addedTokens) {
        return new Assembly(
                llama,
                FolderTests.TOWER,
                new ProjectorOptions(type, null, 3),
                new FeatureOptions(-2, SelectFeature.PATCH, false),
                addedTokens,
                2048,
                SaveType.AS_STORED,
                WriteOptions.DEFAULT_SHARD_BYTES);
    }
}
