package org.llava4j.model.weights;

import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;
import org.llava4j.data.gguf.GgufMetadata;
import org.llava4j.model.kernels.RotaryOrder;
import org.llava4j.model.tensors.GgufFile;
import org.llava4j.model.tensors.TensorInfo;
import org.llava4j.model.tensors.TensorStore;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Weights of a GGUF file with the names and the row order of the original LLaVA: a decoder, or a vision tower with its
 * projector ({@code mmproj}).
 *
 * <p>Converters reorder the rows of the query and key projections ({@link RotaryRows}); reading them restores the order. These
 * tensors are copied; only {@link #mapRotaryPairs} maps them.
 */
final class GgufWeights implements TensorStore {
    private final GgufFile file;
    private final SortedMap<String, TensorInfo> tensors = new TreeMap<>();
    private final Map<String, String> storedNames = new HashMap<>();

    private GgufWeights(GgufFile file) {
        this.file = file;
        file.tensors().forEach((stored, info) -> {
            String name = name(stored);
            if (storedNames.put(name, stored) != null) {
                throw new BadInputException(file + ": two tensors are the weight " + name + ", one of them is " + stored
                        + "; convert the model again");
            }
            tensors.put(name, new TensorInfo(name, info.type(), info.shape()));
        });
    }

    /**
     * Opens a file.
     *
     * @throws BadInputException as {@link GgufFile#open}
     */
    static GgufWeights open(Path path) {
        GgufFile file = GgufFile.open(path);
        return CloseOnFailure.run(file, () -> new GgufWeights(file));
    }

    /** The name in the original LLaVA; that of the file if it is unknown, so that loading reports it as unused. */
    private String name(String stored) {
        String exchanged = GgufNames.exchanged(stored);
        return GgufNames.original(
                exchanged != null && firstNarrows(stored) ? exchanged : stored,
                !file.tensors().containsKey(GgufNames.SECOND_LAYER));
    }

    /** Early converters exchanged the names of the two layers of an MLP: the first one widens. */
    private boolean firstNarrows(String stored) {
        String[] names = GgufNames.mlpWeights(stored);
        TensorInfo up = file.tensors().get(names[0]);
        TensorInfo down = file.tensors().get(names[1]);
        return up != null && down != null && up.shape()[0] < down.shape()[0];
    }

    @Override
    public SortedMap<String, TensorInfo> tensors() {
        return Collections.unmodifiableSortedMap(tensors);
    }

    @Override
    public Map<String, String> metadata() {
        return file.metadata();
    }

    @Override
    public INDArray read(String name) {
        DataType type = Objects.requireNonNull(file.tensors().get(storedName(name)), name)
                .type()
                .inMemory();
        return inOrder(name, type, () -> file.read(storedName(name)));
    }

    @Override
    public INDArray read(String name, DataType type) {
        return inOrder(name, type, () -> file.read(storedName(name), type));
    }

    @Override
    public @Nullable INDArray map(String name, DataType type) {
        String stored = storedName(name);
        return heads(stored) == 0 ? file.map(stored, type) : null;
    }

    /**
     * Maps the weight of a query or key projection in the order of the file, {@link RotaryOrder#PAIRS}; null for other
     * tensors, and if it must be read.
     */
    @Nullable
    INDArray mapRotaryPairs(String name, DataType type) {
        String stored = storedName(name);
        int heads = heads(stored);
        if (heads == 0) {
            return null;
        }
        INDArray mapped = file.map(stored, type);
        if (mapped != null) {
            requireWholeHeads(stored, mapped, heads);
        }
        return mapped;
    }

    private void requireWholeHeads(String stored, INDArray array, int heads) {
        if (array.size(0) % (2L * heads) != 0) {
            throw new BadInputException("tensor \"" + stored + "\" in " + file + " has " + array.size(0)
                    + " rows, which " + heads + " heads cannot share; convert the model again");
        }
    }

    private String storedName(String name) {
        return storedNames.getOrDefault(name, name);
    }

    /** Reads a tensor and restores the order of rows that the converter changed; these are copied from the mapped file. */
    private INDArray inOrder(String name, DataType type, Supplier<INDArray> reader) {
        String stored = storedName(name);
        int heads = heads(stored);
        if (heads == 0) {
            return reader.get();
        }
        INDArray mapped = file.map(stored, type);
        try (INDArray array = mapped == null ? reader.get() : mapped) {
            requireWholeHeads(stored, array, heads);
            return RotaryRows.toHalves(array, Math.toIntExact(array.size(0) / heads));
        }
    }

    /** The number of heads of a projection whose rows were reordered; 0 for other tensors. */
    private int heads(String stored) {
        if (GgufNames.reorderedHeads(stored, 1, 1) == 0) {
            return 0;
        }
        GgufMetadata metadata = file.header();
        int heads = metadata.integer("llama.attention.head_count");
        return GgufNames.reorderedHeads(stored, heads, metadata.integer("llama.attention.head_count_kv", heads));
    }

    @Override
    public void close() {
        file.close();
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
