package org.llava4j.model.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.config.LlavaConfig.SelectFeature;
import org.llava4j.model.folder.Assembly.AddedImageTokens;
import org.llava4j.model.folder.Assembly.FeatureOptions;
import org.llava4j.model.folder.Assembly.ProjectorOptions;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.model.weights.ForwardPassRecorder;
import org.llava4j.model.weights.WeightPlan;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class AssemblyTest {
    private static final String TABLE = "model.embed_tokens.weight";

    @TempDir
    private Path temp;

    private Path llama;
    private Path out;

    @BeforeEach
    void writeLlama() throws IOException {
        llama = ModelFolders.llama(temp.resolve("llama"));
        out = Files.createDirectory(temp.resolve("out"));
    }

    @Test
    void assembleCopiesPartsAndInitializesProjector() {
        assembly(FolderTests.TOWER, null, AddedImageTokens.NONE).writeTo(out.resolve("llava"));
        Map<String, INDArray> assembled = FolderTests.read(out.resolve("llava"));
        FolderTests.read(llama)
                .forEach((name, tensor) ->
                        assertThat(assembled.get(name)).as(name).isEqualTo(tensor));
        Map<String, INDArray> tower = FolderTests.read(out.resolve("llava/vision_tower"));
        assertThat(tower).isEqualTo(FolderTests.read(FolderTests.TOWER));
        ModelManifest manifest = ModelManifest.read(out.resolve("llava"));
        assertThat(manifest.sources().get("model.mm_projector.weight")).isEqualTo(WeightPlan.FRESH);
        LlavaConfig config = LlavaConfig.read(out.resolve("llava"), null);
        assertThat(config.maxLength()).isEqualTo(512);
        assertThat(config.imageStartEndTokens()).isNull();
        assertThat(ForwardPassRecorder.open(out.resolve("llava"), null)).isNotNull();
        assembly(FolderTests.TOWER, null, AddedImageTokens.NONE).writeTo(out.resolve("again"));
        FolderTests.assertSameFiles(out.resolve("llava"), out.resolve("again"));
    }

    @Test
    void assembleCopiesUnchangedTokenizer() throws IOException {
        Path json = Golden.path("j_transformers5/older_tokenizer/tokenizer.json");
        Files.copy(json, llama.resolve("tokenizer.json"));
        assembly(FolderTests.TOWER, null, AddedImageTokens.NONE).writeTo(out.resolve("plain"));
        assertThat(out.resolve("plain/tokenizer.json")).hasSameBinaryContentAs(json);
        assertThat(out.resolve("plain/added_tokens.json")).doesNotExist();
        assembly(FolderTests.TOWER, null, AddedImageTokens.START_END).writeTo(out.resolve("extended"));
        LlamaTokenizer extended = LlamaTokenizer.load(out.resolve("extended"));
        assertThat(extended.addedId("<im_start>")).isEqualTo(extended.size() - 2);
        assertThat(extended.addedId("<im_end>")).isEqualTo(extended.size() - 1);
    }

    @Test
    void assembleReadsProjectorFile() {
        Path stage1 = Golden.path("f_e2e/stage1_out/mm_projector.bin");
        assembly(FolderTests.TOWER, stage1, AddedImageTokens.NONE).writeTo(out.resolve("llava"));
        Map<String, INDArray> assembled = FolderTests.read(out.resolve("llava"));
        FolderTests.read(stage1)
                .forEach((name, tensor) ->
                        assertThat(assembled.get(name)).as(name).isEqualTo(tensor));
    }

    @Test
    void assembleInitializesImageTokensToMean() {
        assembly(FolderTests.TOWER, null, AddedImageTokens.PATCH_START_END).writeTo(out.resolve("llava"));
        LlavaConfig config = LlavaConfig.read(out.resolve("llava"), null);
        assertThat(config.imageStartEndTokens()).isEqualTo(new ImageStartEndTokens(1001, 1002));
        assertThat(config.decoder().vocabSize()).isEqualTo(1003);
        ObjectNode json = FolderTests.config(out.resolve("llava"));
        assertThat(json.get("mm_use_im_patch_token").booleanValue()).isTrue();
        assertThat(LlamaTokenizer.load(out.resolve("llava")).size()).isEqualTo(1003);
        for (String table : new String[] {"model.embed_tokens.weight", "lm_head.weight"}) {
            INDArray before = FolderTests.read(llama).get(table);
            INDArray mean = before.castTo(DataType.DOUBLE).mean(0).castTo(DataType.FLOAT);
            INDArray extended = FolderTests.read(out.resolve("llava")).get(table);
            for (int id = 1000; id < 1003; id++) {
                assertThat(extended.getRow(id).distance2(mean)).isLessThan(1e-6);
            }
            assertThat(extended.getRow(999)).isEqualTo(before.getRow(999));
        }
    }

    @Test
    void assembleAddsRowsForExistingTokens() throws IOException {
        Files.writeString(llama.resolve("added_tokens.json"), "{\"[PAD]\": 1000}");
        assembly(FolderTests.TOWER, null, AddedImageTokens.NONE).writeTo(out.resolve("llava"));
        assertThat(LlavaConfig.read(out.resolve("llava"), null).decoder().vocabSize())
                .isEqualTo(1001);
        assertThat(ForwardPassRecorder.open(out.resolve("llava"), null)).isNotNull();
    }

    @Test
    void assembleReadsVisionModelOfFullClip() throws IOException {
        Path full = Files.createDirectory(temp.resolve("clip"));
        ObjectNode vision = FolderTests.config(FolderTests.TOWER);
        ObjectNode config = vision.objectNode();
        config.put("model_type", "clip").set("vision_config", vision);
        FolderTests.change(full, config);
        Map<String, INDArray> tensors = new TreeMap<>(FolderTests.read(FolderTests.TOWER));
        tensors.put("text_model.final_layer_norm.weight", Nd4j.ones(DataType.FLOAT, 8));
        tensors.put("text_projection.weight", Nd4j.ones(DataType.FLOAT, 8, 8));
        tensors.put("visual_projection.weight", Nd4j.ones(DataType.FLOAT, 8, 8));
        tensors.put("logit_scale", Nd4j.scalar(DataType.FLOAT, 1));
        tensors.put(
                "vision_model.embeddings.position_ids",
                Nd4j.arange(17).castTo(DataType.INT64).reshape(1, 17));
        SafetensorsWriter.write(full.resolve("model.safetensors"), tensors);
        assembly(full, null, AddedImageTokens.NONE).writeTo(out.resolve("llava"));
        assertThat(FolderTests.read(out.resolve("llava/vision_tower"))).isEqualTo(FolderTests.read(FolderTests.TOWER));
        assertThat(LlavaConfig.read(out.resolve("llava"), null).vision())
                .isEqualTo(LlavaConfig.read(llama, FolderTests.TOWER).vision());
    }

    @Test
    void assembleRejectsMismatchedPartsAndWritesNothing() throws IOException {
        assertThatThrownBy(() -> assembly(llama, null, AddedImageTokens.NONE).writeTo(out.resolve("x")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("is not a CLIP");
        Path other = Golden.path("c_llava_linear/stage1_after_step1.safetensors");
        assertThatThrownBy(() -> assembly(FolderTests.TOWER, FolderTests.TOWER, AddedImageTokens.NONE)
                        .writeTo(out.resolve("x")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("mm_projector.weight [64, 64] is missing");
        assertThat(other).exists();
        Files.delete(llama.resolve("tokenizer.model"));
        assertThatThrownBy(() -> assembly(FolderTests.TOWER, null, AddedImageTokens.START_END)
                        .writeTo(out.resolve("x")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("tokenizer.model");
        assertThat(out).isEmptyDirectory();
    }

    @ParameterizedTest
    @CsvSource({
        // base table rows, projector file rows: the extended table, the tokenizer's ids, the two rows alone
        "1000, 1002",
        "1000, 2",
        "1024, 1024",
        "1024, 1002",
        "1024, 2"
    })
    void assembleKeepsImageTokenRowsOfProjectorFile(int baseRows, int fileRows) {
        padTables(baseRows);
        Path projector = projectorWithRows(fileRows);
        INDArray stored = FolderTests.read(projector).get(TABLE);
        assembly(FolderTests.TOWER, projector, AddedImageTokens.START_END).writeTo(out.resolve("llava"));
        int rows = Math.max(baseRows, 1002);
        for (Path file : List.of(out.resolve("llava"), out.resolve("llava/mm_projector.safetensors"))) {
            INDArray table = FolderTests.read(file).get(TABLE);
            assertThat(table.shape()).containsExactly(rows, 64);
            int first = fileRows == 2 ? 0 : 1000;
            assertThat(table.getRow(1000).toFloatVector())
                    .containsExactly(stored.getRow(first).toFloatVector());
            assertThat(table.getRow(1001).toFloatVector())
                    .containsExactly(stored.getRow(first + 1).toFloatVector());
            assertThat(table.getRow(999).toFloatVector())
                    .containsExactly(
                            FolderTests.read(llama).get(TABLE).getRow(999).toFloatVector());
        }
        assertThat(ForwardPassRecorder.open(out.resolve("llava"), null)).isNotNull();
    }

    @Test
    void assembleNamesFlagForProjectorFileWithImageTokenRows() {
        for (int rows : new int[] {1002, 2}) {
            Path projector = projectorWithRows(rows);
            assertThatThrownBy(() -> assembly(FolderTests.TOWER, projector, AddedImageTokens.NONE)
                            .writeTo(out.resolve("x")))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("model.embed_tokens.weight [" + rows + ", 64] in " + projector)
                    .hasMessageContaining("--mm-use-im-start-end")
                    .hasMessageNotContaining("config.json that came");
        }
        assertThat(out).isEmptyDirectory();
    }

    @Test
    void assembleRejectsProjectorFileOfOtherVocabulary() {
        padTables(1024);
        Path projector = projectorWithRows(1003);
        assertThatThrownBy(() -> assembly(FolderTests.TOWER, projector, AddedImageTokens.START_END)
                        .writeTo(out.resolve("x")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("model.embed_tokens.weight is [1003, 64] in " + projector)
                .hasMessageContaining("[1002, 64]")
                .hasMessageContaining("--mm-use-im-patch-token");
        assertThat(out).isEmptyDirectory();
        assembly(FolderTests.TOWER, projector, AddedImageTokens.PATCH_START_END).writeTo(out.resolve("llava"));
        assertThat(FolderTests.read(out.resolve("llava")).get(TABLE).getRow(1002))
                .isEqualTo(FolderTests.read(projector).get(TABLE).getRow(1002));
    }

    @Test
    void assembleRejectsImageTokensForTiedDecoder() {
        FolderTests.tie(llama);
        assertThatThrownBy(() -> assembly(FolderTests.TOWER, null, AddedImageTokens.START_END)
                        .writeTo(out.resolve("x")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("tie_word_embeddings")
                .hasMessageContaining("--mm-use-im-start-end");
        assertThat(out).isEmptyDirectory();
    }

    /** Adds padding rows after the tokenizer's 1000 ids, as in published checkpoints. */
    private void padTables(int rows) {
        FolderTests.change(llama, FolderTests.config(llama).put("vocab_size", rows));
        Map<String, INDArray> tensors = FolderTests.read(llama);
        tensors.replaceAll((name, tensor) -> VocabularyGrowth.isTable(name)
                ? Nd4j.concat(0, tensor, Nd4j.ones(DataType.FLOAT, rows + 1 - 1000, 64))
                        .get(NDArrayIndex.interval(0, rows), NDArrayIndex.all())
                        .dup()
                : tensor);
        SafetensorsWriter.write(llama.resolve("model.safetensors"), tensors);
    }

    /** A stage 1 result with a token embedding table of this many distinct rows. */
    private Path projectorWithRows(int rows) {
        Map<String, INDArray> tensors = FolderTests.read(Golden.path("f_e2e/stage1_out/mm_projector.bin"));
        tensors.put(TABLE, Nd4j.linspace(DataType.FLOAT, -3, 0.0001, rows * 64L).reshape(rows, 64));
        Path file = temp.resolve("projector-" + rows + ".safetensors");
        SafetensorsWriter.write(file, tensors);
        return file;
    }

    private Assembly assembly(Path tower, Path projector, AddedImageTokens addedTokens) {
        return new Assembly(
                llama,
                tower,
                new ProjectorOptions(ProjectorType.LINEAR, projector, 3),
                new FeatureOptions(-2, SelectFeature.PATCH, false),
                addedTokens,
                512,
                SaveType.AS_STORED,
                5_000_000_000L);
    }
}
