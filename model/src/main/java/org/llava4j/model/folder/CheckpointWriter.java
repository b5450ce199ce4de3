package org.llava4j.model.folder;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.InputPaths;
import org.llava4j.data.tensors.LazyTensor;
import org.llava4j.data.tensors.SafetensorsWriter;
import org.llava4j.data.tensors.TensorType;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.Llava;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.CheckpointLayout;
import org.llava4j.model.weights.TowerWeights;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Writes a model as a Hugging Face folder that is complete in itself, in LLaVA's own layout ({@link LlavaFolder}) or as
 * llava-hf ({@link LlavaHfFolder}). {@link Checkpoint#llava} reads both back. The same model gives the same bytes.
 */
public final class CheckpointWriter {
    /** How {@link AtomicFolder} knows a former output of this class. */
    public static final String KIND = "model";

    /** The projector alone, beside a model or without one. */
    public static final String PROJECTOR_FILE = "mm_projector.safetensors";

    private CheckpointWriter() {}

    /**
     * Where a model came from and what it is now.
     *
     * @param folder the LLaVA or LLaMA folder it was read from; its config and tokenizer go with it
     * @param visionTower the tower's folder it was read with
     * @param config what the model is
     * @param chat how it was taught to converse, if that is known
     * @param growth what its vocabulary has grown by, as config and tokenizer must say
     */
    public record Origin(
            Path folder,
            Path visionTower,
            LlavaConfig config,
            Optional<ChatFormat> chat,
            Optional<VocabularyGrowth> growth) {

        /** A model whose vocabulary stays. */
        public Origin(Path folder, Path visionTower, LlavaConfig config, ChatFormat chat) {
            this(folder, visionTower, config, Optional.of(chat), Optional.empty());
        }
    }

    /**
     * How a folder is written.
     *
     * @param layout {@link CheckpointLayout#LLAVA} or {@link CheckpointLayout#LLAVA_HF}
     * @param shardBytes most bytes of numbers in one file, see {@link org.llava4j.data.tensors.ShardedSafetensorsWriter}
     */
    public record WriteOptions(CheckpointLayout layout, long shardBytes) {
        /** What {@code transformers} cuts at. */
        public static final long DEFAULT_SHARD_BYTES = 5_000_000_000L;

        /** LLaVA's own. */
        public static final WriteOptions DEFAULT = new WriteOptions(CheckpointLayout.LLAVA, DEFAULT_SHARD_BYTES);
    }

    /**
     * Writes a trained graph as a whole folder, which appears at once or not at all.
     *
     * @param type of the weights in the file: F32, or F16 or BF16 at half the size, rounded to nearest even; frozen
     *     weights that the model keeps in 16 bits are written with the values that they have there; the frozen tower
     *     stays as it was stored
     * @throws org.llava4j.data.BadInputException if the place cannot be written, or holds something that is no former
     *     output
     */
    public static void write(Path output, Llava model, Origin origin, TensorType type) {
        try (AtomicFolder folder =
                AtomicFolder.begin(output, KIND, InputPaths.of(origin.folder(), origin.visionTower()))) {
            writeInto(folder.path(), model, origin, type);
            folder.commit();
        }
    }

    /** Writes all files into a folder that is there; for a caller who adds files of his own before he commits. */
    public static void writeInto(Path folder, Llava model, Origin origin, TensorType type) {
        try (TowerWeights tower = TowerWeights.open(origin.folder(), origin.visionTower())) {
            List<LazyTensor> all = new ArrayList<>(tower.toLazyTensors());
            model.stateDict().forEach((name, array) -> {
                if (!isVisionTower(name)) {
                    all.add(LazyTensor.of(name, type, array));
                }
            });
            writeInto(folder, all, origin, WriteOptions.DEFAULT);
        }
    }

    /**
     * The tensors of a model with what it learned: each that did not learn is the stored one, whatever type the graph
     * keeps it in.
     *
     * @param stored all tensors as they were before, tower included
     * @param type of those of projector and decoder; the frozen tower stays as it was stored
     */
    public static List<LazyTensor> withTrainedWeights(
            Llava model, Collection<LazyTensor> stored, LlavaConfig config, TensorType type) {
        Set<String> learned = new HashSet<>(model.trainableNames());
        return stored.stream()
                .map(tensor -> {
                    String name = tensor.name();
                    if (isVisionTower(name)) {
                        return tensor;
                    }
                    LazyTensor now = learned.contains(name)
                            ? LazyTensor.of(name, type, model.weight(name))
                            : tensor.withType(type);
                    return name.equals(ImageStartEndEmbeddings.TABLE) && learned.contains(ImageStartEndEmbeddings.NAME)
                            ? withRows(now, model.weight(ImageStartEndEmbeddings.NAME), config)
                            : now;
                })
                .toList();
    }

    private static LazyTensor withRows(LazyTensor table, INDArray rows, LlavaConfig config) {
        int[] ids = ImageStartEndEmbeddings.ids(config.imageStartEndTokens().orElseThrow());
        return table.mapFloats(
                floats -> ImageStartEndEmbeddings.putRows(floats.dup('c'), rows, ids),
                table.info().shape());
    }

    /**
     * Writes tensors by the names of the graph's variables, tower included, into a folder that is there. What is no part
     * of a LLaVA, such as a head of one's own, stays behind.
     *
     * @throws org.llava4j.data.BadInputException if the model cannot be written in this layout
     */
    public static void writeInto(Path folder, Collection<LazyTensor> tensors, Origin origin, WriteOptions form) {
        List<LazyTensor> parts = tensors.stream()
                .filter(tensor -> isVisionTower(tensor.name()) || isLanguageModel(tensor.name()))
                .toList();
        if (form.layout() == CheckpointLayout.LLAVA_HF) {
            LlavaHfFolder.write(folder, parts, origin, form.shardBytes());
        } else {
            LlavaFolder.write(folder, parts, origin, form.shardBytes());
        }
    }

    /**
     * Writes the projector alone, as float32, with the embedding table of a model that has tokens around an image, as
     * published: stage 1 trains their rows too. {@link Checkpoint#withProjector} reads it.
     */
    public static void writeProjector(Path file, Llava model) {
        SafetensorsWriter.write(file, stage1Weights(model), name -> TensorType.F32);
    }

    /** The projector, and the table of a model that has tokens around an image. */
    static Map<String, INDArray> stage1Weights(Llava model) {
        Map<String, INDArray> weights = model.stateDict();
        weights.keySet()
                .removeIf(stage1Weights(model.weightNames().contains(ImageStartEndEmbeddings.NAME))
                        .negate());
        return weights;
    }

    /** What a file of the projector alone holds. */
    static Predicate<String> stage1Weights(boolean slot) {
        return name ->
                name.startsWith(Checkpoint.PROJECTOR_PREFIX) || (slot && name.equals(ImageStartEndEmbeddings.TABLE));
    }

    static boolean isVisionTower(String variable) {
        return variable.startsWith(Llava.TOWER_PREFIX);
    }

    private static boolean isLanguageModel(String variable) {
        return variable.startsWith("model.") || variable.startsWith("lm_head.");
    }
}
