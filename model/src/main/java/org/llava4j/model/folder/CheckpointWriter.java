package org.llava4j.model.folder;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.AtomicFolder;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.Llava;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.tensors.ShardedSafetensorsWriter;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.CheckpointLayout;
import org.llava4j.model.weights.QuantizedTensors;
import org.llava4j.model.weights.WeightDtype;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Writer of complete Hugging Face model folders in LLaVA's own layout ({@link LlavaFolder}) or as llava-hf
 * ({@link LlavaHfFolder}). {@link Checkpoint#llava} reads both. The output is byte-for-byte reproducible.
 */
public final class CheckpointWriter {
    /** The {@link AtomicFolder} kind of model folders. */
    public static final String KIND = "model";

    /** File of the projector alone, in a model folder or by itself. */
    public static final String PROJECTOR_FILE = "mm_projector.safetensors";

    private CheckpointWriter() {}

    /**
     * Origin of a model to write, and its current configuration.
     *
     * @param folder the LLaVA or LLaMA folder that the model was loaded from; its config and tokenizer are copied
     * @param visionTower folder of its vision tower
     * @param config the model's current configuration
     * @param chat chat format; null if unknown
     * @param growth extension of the vocabulary, applied to config and tokenizer; null for none
     */
    public record Origin(
            Path folder,
            Path visionTower,
            LlavaConfig config,
            @Nullable ChatFormat chat,
            @Nullable VocabularyGrowth growth) {

        /** A model with an unchanged vocabulary. */
        public Origin(Path folder, Path visionTower, LlavaConfig config, ChatFormat chat) {
            this(folder, visionTower, config, chat, null);
        }
    }

    /**
     * Output format of a model folder.
     *
     * @param layout {@link CheckpointLayout#LLAVA} or {@link CheckpointLayout#LLAVA_HF}
     * @param shardBytes maximum bytes of tensor data per file, see
     *     {@link org.llava4j.model.tensors.ShardedSafetensorsWriter}
     * @param quantization dtype of a quantized folder ({@link QuantizedTensors}); null to write floating-point tensors
     */
    public record WriteOptions(
            CheckpointLayout layout,
            long shardBytes,
            @Nullable WeightDtype quantization) {
        /** Default maximum shard size of transformers. */
        public static final long DEFAULT_SHARD_BYTES = 5_000_000_000L;

        /** LLaVA's own layout with the default shard size. */
        public static final WriteOptions DEFAULT = new WriteOptions(CheckpointLayout.LLAVA, DEFAULT_SHARD_BYTES);

        /** Floating-point tensors. */
        public WriteOptions(CheckpointLayout layout, long shardBytes) {
            this(layout, shardBytes, null);
        }

        /** Returns these options with another dtype of a quantized folder; null for floating-point tensors. */
        WriteOptions withQuantization(@Nullable WeightDtype dtype) {
            return new WriteOptions(layout, shardBytes, dtype);
        }

        /** Writes the weights of a folder. */
        void writeWeights(Path folder, Collection<LazyTensor> tensors) {
            ShardedSafetensorsWriter.write(
                    folder,
                    tensors.stream()
                            .map(tensor -> QuantizedTensors.quantize(tensor, quantization))
                            .toList(),
                    shardBytes,
                    QuantizedTensors.metadata(quantization));
        }

        /** Writes the format of the weights into the config of a folder. */
        void writeTo(ObjectNode config) {
            config.remove(FolderFiles.QUANTIZATION);
            if (quantization != null) {
                config.set(FolderFiles.QUANTIZATION, QuantizedTensors.config(quantization));
            }
        }

        /** {@code torch_dtype} of a model with these tensors. */
        String torchType(Collection<LazyTensor> tensors) {
            return quantization == null ? FolderFiles.torchType(tensors) : TensorType.F16.torchName();
        }
    }

    /**
     * Merges trained weights into stored tensors: frozen weights keep the stored values, whatever dtype the graph holds
     * them in.
     *
     * @param stored all tensors before training, vision tower included
     * @param type dtype of projector and decoder; the frozen vision tower keeps its stored dtype
     */
    public static List<LazyTensor> withTrainedWeights(
            Llava model, Collection<LazyTensor> stored, LlavaConfig config, TensorType type) {
        Set<String> trainable = new HashSet<>(model.trainableNames());
        return stored.stream()
                .map(tensor -> {
                    String name = tensor.name();
                    if (isVisionTower(name)) {
                        return tensor;
                    }
                    LazyTensor tensorToWrite = trainable.contains(name)
                            ? LazyTensor.of(name, type, model.weight(name))
                            : tensor.withType(type);
                    return name.equals(ImageStartEndEmbeddings.TABLE)
                                    && trainable.contains(ImageStartEndEmbeddings.NAME)
                            ? withRows(tensorToWrite, model.weight(ImageStartEndEmbeddings.NAME), config)
                            : tensorToWrite;
                })
                .toList();
    }

    private static LazyTensor withRows(LazyTensor table, INDArray rows, LlavaConfig config) {
        int[] ids = ImageStartEndEmbeddings.ids(
                Objects.requireNonNull(config.imageStartEndTokens(), "the config has no image start and end tokens"));
        return table.mapFloats(
                floats -> ImageStartEndEmbeddings.putRows(floats.dup('c'), rows, ids),
                table.info().shape());
    }

    /**
     * Writes tensors, by variable name and vision tower included, into an existing folder. Tensors that are not part of
     * a LLaVA, such as custom heads, are skipped.
     *
     * @throws org.llava4j.data.BadInputException if the layout cannot represent the model
     */
    public static void writeInto(Path folder, Collection<LazyTensor> tensors, Origin origin, WriteOptions options) {
        List<LazyTensor> parts = tensors.stream()
                .filter(tensor -> isVisionTower(tensor.name()) || isLanguageModel(tensor.name()))
                .toList();
        if (options.layout() == CheckpointLayout.LLAVA_HF) {
            LlavaHfFolder.write(folder, parts, origin, options);
        } else {
            LlavaFolder.write(folder, parts, origin, options);
        }
    }

    /**
     * Weights in a stage 1 result: the projector, and the token embedding table of a model with image start and end
     * tokens.
     */
    static Map<String, INDArray> stage1Weights(Llava model) {
        Map<String, INDArray> weights = model.stateDict();
        weights.keySet()
                .removeIf(stage1Weights(model.weightNames().contains(ImageStartEndEmbeddings.NAME))
                        .negate());
        return weights;
    }

    /** Selects the weights in a stage 1 result. */
    static Predicate<String> stage1Weights(boolean hasImageStartEnd) {
        return name -> name.startsWith(Checkpoint.PROJECTOR_PREFIX)
                || (hasImageStartEnd && name.equals(ImageStartEndEmbeddings.TABLE));
    }

    static boolean isVisionTower(String variable) {
        return variable.startsWith(Llava.TOWER_PREFIX);
    }

    private static boolean isLanguageModel(String variable) {
        return variable.startsWith("model.") || variable.startsWith("lm_head.");
    }
}
