package org.llava4j.model.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.config.LlavaConfig.SelectFeature;
import org.llava4j.model.folder.Assembly.AddedImageTokens;
import org.llava4j.model.folder.Assembly.FeatureOptions;
import org.llava4j.model.folder.Assembly.ProjectorOptions;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.model.weights.ForwardPassRecorder;
import org.llava4j.testing.ModelFolders;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Models with a tied LM head, in files that store the head, the table, or both. */
class TiedHeadTest {
    private static final String TABLE = "model.embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";

    @TempDir
    private Path temp;

    private Path llama;
    private Path llava;

    @BeforeEach
    void assembleTiedModel() {
        llama = ModelFolders.llama(temp.resolve("llama"));
        FolderTests.tie(llama);
        llava = assemble("llava");
    }

    @Test
    void loadAcceptsHeadEqualToTable() {
        float[] logits = logits(llava);
        float[] ofLlama = logits(llama);
        for (Path folder : List.of(llava, llama)) {
            change(folder, tensors -> tensors.put(HEAD, tensors.get(TABLE)));
        }
        assertThat(logits(llava)).containsExactly(logits);
        assertThat(logits(llama)).containsExactly(ofLlama);
    }

    @Test
    void loadReadsTableFromHeadStoredAlone() {
        float[] logits = logits(llava);
        change(llava, tensors -> tensors.put(HEAD, tensors.remove(TABLE)));
        assertThat(logits(llava)).containsExactly(logits);
    }

    @Test
    void loadAndExportRejectHeadThatDiffersFromTable() {
        change(llava, tensors -> {
            INDArray head = tensors.get(TABLE).dup();
            head.putScalar(5, 7, head.getFloat(5, 7) + 1e-6f);
            tensors.put(HEAD, head);
        });
        for (Consumer<Path> use : List.<Consumer<Path>>of(
                folder -> ForwardPassRecorder.open(folder, null), folder -> export().writeTo(temp.resolve("x")))) {
            assertThatThrownBy(() -> use.accept(llava))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("lm_head.weight")
                    .hasMessageContaining("differs from model.embed_tokens.weight in 1 of 64000 values")
                    .hasMessageContaining("tie_word_embeddings");
        }
        assertThat(temp.resolve("x")).doesNotExist();
    }

    @Test
    void loadRejectsHeadOfOtherShape() {
        change(llava, tensors -> tensors.put(HEAD, Nd4j.ones(3, 64)));
        assertThatThrownBy(() -> ForwardPassRecorder.open(llava, null))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("lm_head.weight")
                .hasMessageContaining("[3, 64] differs in shape from model.embed_tokens.weight [1000, 64]")
                .hasMessageContaining("tie_word_embeddings");
    }

    @Test
    void loadRejectsUntiedModelWithoutTable() {
        change(llava, tensors -> tensors.put(HEAD, tensors.remove(TABLE)));
        FolderTests.change(llava, FolderTests.config(llava).put("tie_word_embeddings", false));
        assertThatThrownBy(() -> ForwardPassRecorder.open(llava, null))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("model.embed_tokens.weight [1000, 64] is missing");
    }

    @Test
    void exportAndAssembleWriteTableOnce() {
        Map<String, INDArray> before = FolderTests.read(llava);
        change(llava, tensors -> tensors.put(HEAD, tensors.get(TABLE)));
        export().writeTo(temp.resolve("both"));
        assertThat(FolderTests.read(temp.resolve("both"))).isEqualTo(before);
        change(llava, tensors -> tensors.remove(TABLE));
        export().writeTo(temp.resolve("head"));
        assertThat(FolderTests.read(temp.resolve("head"))).isEqualTo(before);
        change(llama, tensors -> tensors.put(HEAD, tensors.get(TABLE)));
        assertThat(FolderTests.read(assemble("again"))).isEqualTo(before);
    }

    @Test
    void deltaTreatsTiedHeadAsTable() {
        Map<String, INDArray> before = FolderTests.read(llava);
        change(llava, tensors -> tensors.put(HEAD, tensors.get(TABLE)));
        Delta delta = new Delta(llama, SaveType.AS_STORED, WriteOptions.DEFAULT_SHARD_BYTES);
        delta.make(llava, temp.resolve("delta"));
        delta.apply(temp.resolve("delta"), temp.resolve("applied"));
        assertThat(FolderTests.read(temp.resolve("applied"))).isEqualTo(before);
        change(llava, tensors -> tensors.put(HEAD, tensors.get(TABLE).add(1)));
        assertThatThrownBy(() -> delta.make(llava, temp.resolve("x")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("differs from model.embed_tokens.weight in 64000 of 64000 values");
    }

    @Test
    void loadAndDeltaRejectDuplicateTensors() {
        change(
                llava,
                tensors -> tensors.put(
                        "base_model.model." + TABLE, tensors.get(TABLE).add(1)));
        Delta delta = new Delta(llama, SaveType.AS_STORED, WriteOptions.DEFAULT_SHARD_BYTES);
        for (Consumer<Path> use : List.<Consumer<Path>>of(
                folder -> ForwardPassRecorder.open(folder, null), folder -> delta.make(folder, temp.resolve("x")))) {
            assertThatThrownBy(() -> use.accept(llava))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("base_model.model." + TABLE + " and " + TABLE);
        }
    }

    private Export export() {
        return new Export(llava, null, null, WriteOptions.DEFAULT, SaveType.AS_STORED, null);
    }

    private Path assemble(String name) {
        Path folder = temp.resolve(name);
        new Assembly(
                        llama,
                        FolderTests.TOWER,
                        new ProjectorOptions(ProjectorType.LINEAR, null, 3),
                        new FeatureOptions(-2, SelectFeature.PATCH, false),
                        AddedImageTokens.NONE,
                        512,
                        SaveType.AS_STORED,
                        WriteOptions.DEFAULT_SHARD_BYTES)
                .writeTo(folder);
        return folder;
    }

    private static void change(Path folder, Consumer<Map<String, INDArray>> change) {
        Map<String, INDArray> tensors = FolderTests.read(folder);
        change.accept(tensors);
        SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors);
    }

    private static float[] logits(Path folder) {
        boolean image = LlavaConfig.isLlava(folder);
        INDArray ids = Nd4j.createFromArray(new int[][] {{1, image ? -200 : 300, 301, 302}});
        return ForwardPassRecorder.open(folder, null)
                .run(Map.of("input_ids", ids, "images", Nd4j.ones(DataType.FLOAT, 1, 3, 56, 56)), null)
                .tensors()
                .get("logits")
                .dup()
                .reshape(-1)
                .toFloatVector();
    }
}
