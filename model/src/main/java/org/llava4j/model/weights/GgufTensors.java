package org.llava4j.model.weights;

import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.tensors.TensorType;

/**
 * Tensors of a model as GGUF files have them: with the names of llama.cpp, the rows of query and key projections reordered
 * ({@link RotaryRows}), vectors in F32, matrices in the type of the file. {@link GgufWeights} reads them.
 */
public final class GgufTensors {
    private GgufTensors() {}

    /**
     * The tensors of a decoder.
     *
     * @param tensors of the whole model by variable; those of vision tower and projector are skipped
     * @param type type of the matrices; those whose rows are not whole blocks are F16
     */
    public static List<LazyTensor> decoder(Collection<LazyTensor> tensors, LlamaConfig config, GgufSaveType type) {
        return decoder(tensors)
                .map(tensor -> stored(tensor, config, type).withStoredName(GgufNames.stored(tensor.name())))
                .toList();
    }

    /** Whether matrices of a decoder are quantized already and lose precision again. */
    public static boolean quantizesAgain(Collection<LazyTensor> tensors, LlamaConfig config, GgufSaveType type) {
        return decoder(tensors).anyMatch(tensor -> type.quantizesAgain(tensor, isHead(tensor, config)));
    }

    private static Stream<LazyTensor> decoder(Collection<LazyTensor> tensors) {
        return tensors.stream().filter(tensor -> !isMmproj(tensor.name()));
    }

    /** Whether files whose matrices are quantized hold a tensor of a model in blocks. */
    public static boolean isQuantizable(LazyTensor tensor) {
        return !isMmproj(tensor.name()) && GgufSaveType.Q8_0.quantizes(tensor);
    }

    private static LazyTensor stored(LazyTensor tensor, LlamaConfig config, GgufSaveType type) {
        if (tensor.info().shape().length == 1) {
            return tensor.withType(TensorType.F32);
        }
        LazyTensor stored = type.apply(tensor, isHead(tensor, config));
        int heads = GgufNames.reorderedHeads(GgufNames.stored(tensor.name()), config.heads(), config.kvHeads());
        return heads == 0 ? stored : stored.map(array -> RotaryRows.toPairs(array, config.headDim()));
    }

    private static boolean isHead(LazyTensor tensor, LlamaConfig config) {
        String head = config.tiedEmbeddings() ? GgufNames.TOKEN_EMBEDDINGS : GgufNames.OUTPUT;
        return GgufNames.stored(tensor.name()).equals(head);
    }

    /**
     * The tensors of vision tower and projector. Matrices are F16 in files of all types, as llama.cpp's converters write them.
     *
     * @param tensors of the whole model by variable; those of the decoder are skipped
     * @param layers number of layers before the image features; those behind, and the last norm, are skipped
     */
    public static List<LazyTensor> mmproj(Collection<LazyTensor> tensors, int layers) {
        return tensors.stream()
                .filter(tensor -> isMmproj(tensor.name()))
                .filter(tensor -> GgufNames.towerLayer(tensor.name()) < layers && !GgufNames.isPostNorm(tensor.name()))
                .map(tensor -> tensor.withStoredName(GgufNames.stored(tensor.name())))
                .map(tensor -> tensor.withType(
                        tensor.info().shape().length == 1 || tensor.name().equals(GgufNames.POSITION_EMBEDDINGS)
                                ? TensorType.F32
                                : TensorType.F16))
                .toList();
    }

    private static boolean isMmproj(String variable) {
        return variable.startsWith(Llava.TOWER_PREFIX) || variable.startsWith(Checkpoint.PROJECTOR_PREFIX);
    }
}
