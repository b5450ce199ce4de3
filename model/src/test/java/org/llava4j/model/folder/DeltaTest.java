package org.llava4j.model.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.model.ImageStartEndFolder;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.ForwardPassRecorder;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class DeltaTest {
    private static final long SHARD = 200_000;

    @TempDir
    private Path temp;

    private Path base;
    private Path target;
    private Path out;

    /** A LLaVA whose tables have three more rows than those of its LLaMA, and whose decoder weights differ. */
    @BeforeEach
    void writeBaseAndTarget() throws IOException {
        base = ModelFolders.llama(temp.resolve("base"));
        target = ImageStartEndFolder.write(temp.resolve("target"));
        out = Files.createDirectory(temp.resolve("out"));
        Map<String, INDArray> tensors = FolderTests.read(target);
        Nd4j.getRandom().setSeed(5);
        tensors.forEach((name, tensor) ->
                tensor.addi(Nd4j.randn(DataType.FLOAT, tensor.shape()).muli(0.01f)));
        SafetensorsWriter.write(target.resolve("model.safetensors"), tensors);
    }

    @Test
    void applyRestoresModel() {
        delta(TensorType.F32).make(target, out.resolve("delta"));
        assertThat(delta(TensorType.F32).apply(out.resolve("delta"), out.resolve("made")))
                .as("the base was verified by its hash")
                .isTrue();
        Map<String, INDArray> expected = FolderTests.read(target);
        Map<String, INDArray> restored = FolderTests.read(out.resolve("made"));
        assertThat(restored.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, tensor) -> assertThat(Golden.relativeError(restored.get(name), tensor))
                .as(name)
                .isLessThan(1e-6));
        assertThat(ForwardPassRecorder.open(out.resolve("made"), null)).isNotNull();
        Map<String, byte[]> files = ModelFolders.files(out.resolve("made"));
        assertThat(files).containsKeys("tokenizer.model", "added_tokens.json", "model.safetensors.index.json");
        assertThat(FolderTests.config(out.resolve("made"))).isEqualTo(FolderTests.config(target));
    }

    @Test
    void makeSubtractsBaseAndCopiesOtherTensors() {
        delta(TensorType.F32).make(target, out.resolve("delta"));
        Map<String, INDArray> bases = FolderTests.read(base);
        Map<String, INDArray> targets = FolderTests.read(target);
        Map<String, INDArray> deltas = FolderTests.read(out.resolve("delta"));
        String norm = "model.norm.weight";
        assertThat(deltas.get(norm)).isEqualTo(targets.get(norm).sub(bases.get(norm)));
        String projector = "model.mm_projector.weight";
        assertThat(deltas.get(projector)).isEqualTo(targets.get(projector));
        String head = "lm_head.weight";
        assertThat(deltas.get(head).getRow(1002)).isEqualTo(targets.get(head).getRow(1002));
        assertThat(deltas.get(head).get(NDArrayIndex.interval(0, 1000), NDArrayIndex.all()))
                .isEqualTo(targets.get(head)
                        .get(NDArrayIndex.interval(0, 1000), NDArrayIndex.all())
                        .sub(bases.get(head)));
    }

    @Test
    void halfPrecisionSumIsRoundedOnce() {
        delta(TensorType.F16).make(target, out.resolve("delta"));
        delta(TensorType.F16).apply(out.resolve("delta"), out.resolve("made"));
        Map<String, INDArray> bases = FolderTests.read(base);
        Map<String, INDArray> deltas = FolderTests.read(out.resolve("delta"));
        Map<String, INDArray> restored = FolderTests.read(out.resolve("made"));
        String norm = "model.norm.weight";
        INDArray sum = bases.get(norm).add(deltas.get(norm));
        assertThat(restored.get(norm)).isEqualTo(sum.castTo(DataType.HALF).castTo(DataType.FLOAT));
    }

    @Test
    void applyRejectsOtherBaseBeforeWriting() throws IOException {
        delta(TensorType.F32).make(target, temp.resolve("delta"));
        Map<String, INDArray> tensors = FolderTests.read(base);
        tensors.get("model.norm.weight").putScalar(3, 0.25f);
        SafetensorsWriter.write(base.resolve("model.safetensors"), tensors);
        assertThatThrownBy(() -> delta(TensorType.F32).apply(temp.resolve("delta"), out.resolve("x")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("was made for a base model with hash");
        // Published deltas record no hash; only names and shapes are checked.
        Files.delete(temp.resolve("delta/llava4j.json"));
        assertThat(delta(TensorType.F32).apply(temp.resolve("delta"), temp.resolve("made")))
                .isFalse();
        assertThat(out).isEmptyDirectory();
    }

    @Test
    void applyAcceptsSameBaseInOtherFormat() throws IOException {
        delta(TensorType.F32).make(target, out.resolve("delta"));
        Map<String, INDArray> tensors = FolderTests.read(base);
        Files.delete(base.resolve("model.safetensors"));
        tensors.put("model.layers.0.self_attn.rotary_emb.inv_freq", Nd4j.ones(DataType.FLOAT, 8));
        org.llava4j.model.tensors.ShardedSafetensorsWriter.write(
                base,
                tensors.entrySet().stream()
                        .map(t -> org.llava4j.model.tensors.LazyTensor.of(t.getKey(), TensorType.F32, t.getValue()))
                        .toList(),
                SHARD);
        assertThat(delta(TensorType.F32).apply(out.resolve("delta"), out.resolve("made")))
                .isTrue();
    }

    @Test
    void makeRejectsBaseOfOtherShapes() throws IOException {
        assertThatThrownBy(() ->
                        new Delta(Golden.path("b_llama_gqa"), SaveType.AS_STORED, SHARD).make(target, out.resolve("x")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("do not match");
        Map<String, INDArray> tensors = FolderTests.read(base);
        tensors.put("model.extra", Nd4j.ones(DataType.FLOAT, 2));
        SafetensorsWriter.write(base.resolve("model.safetensors"), tensors);
        assertThatThrownBy(() -> delta(TensorType.F32).make(target, out.resolve("x")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("model.extra F32[2] of the base is missing in " + target);
        tensors.remove("model.extra");
        tensors.remove("model.norm.weight");
        SafetensorsWriter.write(base.resolve("model.safetensors"), tensors);
        assertThatThrownBy(() -> delta(TensorType.F32).make(target, out.resolve("x")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("model.norm.weight F32[64] is missing in the base");
        assertThat(out).isEmptyDirectory();
    }

    @Test
    void makeRejectsDelta() {
        delta(TensorType.F32).make(target, temp.resolve("delta"));
        assertThatThrownBy(() -> delta(TensorType.F32).make(temp.resolve("delta"), out.resolve("x")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("is a delta");
        assertThatThrownBy(() -> Checkpoint.llava(temp.resolve("delta"), FolderTests.TOWER))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("is a delta; apply it to the LLaMA");
        assertThat(out).isEmptyDirectory();
    }

    private Delta delta(TensorType type) {
        return new Delta(base, SaveType.of(type), SHARD);
    }
}
