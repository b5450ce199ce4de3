package org.llava4j.model.weights;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;
import org.llava4j.data.gguf.GgufHeader;
import org.llava4j.model.kernels.BlockFormat;
import org.llava4j.model.kernels.QuantizedFormat;
import org.llava4j.model.kernels.QuantizedWeights;
import org.llava4j.model.tensors.FloatConversion;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.tensors.TensorFolder;
import org.llava4j.model.tensors.TensorInfo;
import org.llava4j.model.tensors.TensorStore;
import org.llava4j.model.tensors.TensorType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Weights in any format that {@link TensorFolder} opens, or in a GGUF file, quantized ({@link QuantizedTensors},
 * {@link BlockFormat}) or not. A quantized matrix is listed and read as the {@code F32[N, K]} that it encodes;
 * {@link #readQuantized} reads its bytes.
 */
public final class WeightStore implements TensorStore {
    private final TensorStore files;
    private final Path path;
    private final @Nullable WeightDtype quantization;
    private final SortedMap<String, TensorInfo> tensors = new TreeMap<>();

    private WeightStore(TensorStore files, Path path) {
        this.files = files;
        this.path = path;
        quantization = quantization(files.metadata(), path);
        files.tensors().forEach((name, stored) -> tensors.put(name, decoded(stored)));
    }

    /**
     * Opens a model folder or a weight file.
     *
     * @throws BadInputException if {@link TensorFolder#open} or {@link GgufWeights#open} rejects it, or it has tensors of 8 bits that are not in the
     *     layout of {@link QuantizedTensors}
     */
    public static WeightStore open(Path path) {
        TensorStore files = GgufHeader.isGguf(path) ? GgufWeights.open(path) : TensorFolder.open(path);
        return CloseOnFailure.run(files, () -> new WeightStore(files, path));
    }

    /**
     * The dtype of a folder's quantized matrices.
     *
     * @param folder may have no weights, or be a config file
     * @return null if the folder is not quantized, has no weights, or is a GGUF file
     */
    public static @Nullable WeightDtype quantizationOf(Path folder) {
        if (!Files.isDirectory(folder) || !TensorFolder.isIn(folder)) {
            return null;
        }
        try (WeightStore weights = open(folder)) {
            return weights.quantization;
        }
    }

    private static @Nullable WeightDtype quantization(Map<String, String> metadata, Path path) {
        String format = metadata.get(QuantizedTensors.FORMAT_KEY);
        if (format == null) {
            return null;
        }
        for (WeightDtype dtype : List.of(WeightDtype.Q8, WeightDtype.Q4)) {
            if (dtype.toString().equals(format)) {
                requireVersion(metadata.get(QuantizedTensors.VERSION_KEY), path);
                return dtype;
            }
        }
        throw new BadInputException(path + " is quantized to \"" + format + "\" (" + QuantizedTensors.FORMAT_KEY
                + "); supported are q8 and q4");
    }

    private static void requireVersion(@Nullable String version, Path path) {
        if (!QuantizedTensors.VERSION.equals(version)) {
            throw new BadInputException(path + " has version " + version + " of the quantized layout ("
                    + QuantizedTensors.VERSION_KEY + "); this LLaVA4J reads version " + QuantizedTensors.VERSION
                    + "; export the original model again");
        }
    }

    private TensorInfo decoded(TensorInfo stored) {
        if (files instanceof GgufWeights) {
            return stored.type() == TensorType.U8
                    ? new TensorInfo(stored.name(), TensorType.F32, BlockFormat.matrixShape(stored.shape()))
                    : stored;
        }
        boolean isByte = stored.type() == TensorType.I8 || stored.type() == TensorType.U8;
        if (!isByte || CheckpointLayout.skipReason(stored.name()) != null) {
            return stored;
        }
        if (quantization == null) {
            throw invalid(
                    stored,
                    "is " + stored.type() + " but the file's metadata has no " + QuantizedTensors.FORMAT_KEY
                            + "; weights of other quantizers are not supported");
        }
        // A q4 model has matrices in q8 too.
        QuantizedFormat format = stored.type() == TensorType.I8 ? QuantizedFormat.Q8 : QuantizedFormat.Q4;
        if (quantization == WeightDtype.Q8 && format != QuantizedFormat.Q8) {
            throw invalid(
                    stored,
                    "is " + stored.type() + " but " + quantization + " weights are " + TensorType.I8
                            + "; export the original model again");
        }
        long[] shape = stored.shape();
        OptionalLong columns = shape.length == 2 && shape[0] > 0 && shape[0] <= Integer.MAX_VALUE
                ? format.columnsOf(shape[1])
                : OptionalLong.empty();
        if (columns.isEmpty()) {
            throw invalid(
                    stored,
                    "is " + stored.type() + Arrays.toString(shape) + ", which is not the shape of a " + quantization
                            + " matrix; export the original model again");
        }
        return new TensorInfo(stored.name(), TensorType.F32, new long[] {shape[0], columns.getAsLong()});
    }

    private BadInputException invalid(TensorInfo tensor, String problem) {
        return new BadInputException("tensor \"" + tensor.name() + "\" in " + path + " " + problem);
    }

    /** Maps a tensor in its stored form: quantized, or in its floating-point dtype; null if it must be read. */
    @Nullable
    INDArray mapStored(String name) {
        return isQuantized(name) ? mapQuantized(name) : mapFloats(name);
    }

    /** Maps a tensor in its floating-point dtype; null if it must be read, or is quantized. */
    @Nullable
    INDArray mapFloats(String name) {
        return isQuantized(name)
                ? null
                : files.map(name, storedInfo(name).type().exactType());
    }

    /** Maps a query or key projection of a GGUF file in its stored form and order; null for other tensors. */
    @Nullable
    INDArray mapRotaryPairs(String name) {
        TensorType type = storedInfo(name).type();
        return files instanceof GgufWeights gguf
                ? gguf.mapRotaryPairs(name, isQuantized(name) ? type.inMemory() : type.exactType())
                : null;
    }

    /** As {@link #mapStored}, read. */
    INDArray readStored(String name) {
        INDArray quantized = readQuantized(name);
        return quantized == null ? files.read(name, storedInfo(name).type().exactType()) : quantized;
    }

    /** Whether a tensor is quantized, in any format. */
    public boolean isQuantized() {
        return tensors.keySet().stream().anyMatch(this::isQuantized);
    }

    /** The dtype of quantized matrices; null if the files are not quantized, or each tensor of a GGUF file has its format. */
    public @Nullable WeightDtype quantization() {
        return quantization;
    }

    /** Whether the weights are in a GGUF file. */
    boolean isGguf() {
        return files instanceof GgufWeights;
    }

    /** All tensors with the dtypes and shapes that they have in the files. */
    public SortedMap<String, TensorInfo> stored() {
        return files.tensors();
    }

    /** The size of a tensor in its file, in bytes. */
    long storedBytes(String name) {
        return storedInfo(name).bytes();
    }

    /** The name of the dtype or the block format of one of the {@link #stored} tensors. */
    String typeName(TensorInfo stored) {
        return isGguf() && stored.type() == TensorType.U8
                ? BlockFormat.ofTypeSize(stored.shape()[2]).name()
                : stored.type().name();
    }

    /** All tensors, a quantized matrix as {@code F32[N, K]}. */
    @Override
    public SortedMap<String, TensorInfo> tensors() {
        return Collections.unmodifiableSortedMap(tensors);
    }

    @Override
    public Map<String, String> metadata() {
        return files.metadata();
    }

    /** Whether a tensor is quantized. */
    boolean isQuantized(String name) {
        TensorInfo stored = files.tensors().get(name);
        return stored != null && !stored.equals(tensors.get(name));
    }

    /**
     * Reads a quantized matrix as it is stored.
     *
     * @return {@code [N, rowBytes]} in the layout of {@link QuantizedFormat}, or blocks in that of {@link BlockFormat};
     *     null if the tensor is not quantized
     * @throws BadInputException if the values are damaged
     */
    @Nullable
    INDArray readQuantized(String name) {
        if (!isQuantized(name)) {
            return null;
        }
        return requireValid(name, files.read(name));
    }

    /**
     * As {@link #readQuantized}, mapped read-only; null also if the tensor must be read. Blocks are not validated, which would
     * read them all.
     */
    @Nullable
    INDArray mapQuantized(String name) {
        if (!isQuantized(name)) {
            return null;
        }
        INDArray mapped = files.map(name, storedInfo(name).type().inMemory());
        return mapped == null || BlockFormat.isBlocks(mapped) ? mapped : requireValid(name, mapped);
    }

    private TensorInfo storedInfo(String name) {
        return Objects.requireNonNull(files.tensors().get(name), name);
    }

    private INDArray requireValid(String name, INDArray quantized) {
        String problem = QuantizedWeights.problem(quantized);
        if (problem != null) {
            quantized.close();
            throw invalid(storedInfo(name), "is damaged: " + problem + "; download or write the file again");
        }
        return quantized;
    }

    @Override
    public INDArray read(String name) {
        return isQuantized(name) ? read(name, DataType.FLOAT) : files.read(name);
    }

    @Override
    public INDArray read(String name, DataType type) {
        INDArray quantized = readQuantized(name);
        if (quantized == null) {
            return files.read(name, type);
        }
        try (quantized) {
            return FloatConversion.cast(name, QuantizedWeights.dequantize(quantized), type);
        }
    }

    /** Maps a tensor that is not quantized; null for a quantized one ({@link #mapQuantized}). */
    @Override
    public @Nullable INDArray map(String name, DataType type) {
        return isQuantized(name) ? null : files.map(name, type);
    }

    /**
     * Creates a tensor that is read when it is written, before {@link #close()}. Its {@link LazyTensor#encoded} form is
     * the quantized matrix, if it is one.
     */
    public LazyTensor lazyTensor(String name) {
        if (!isQuantized(name)) {
            return LazyTensor.fromStore(files, name);
        }
        LazyTensor quantized = LazyTensor.computed(storedInfo(name), () -> Objects.requireNonNull(readQuantized(name)));
        return LazyTensor.decoded(
                Objects.requireNonNull(tensors.get(name)), quantized, () -> read(name, DataType.FLOAT));
    }

    @Override
    public void close() {
        files.close();
    }

    @Override
    public String toString() {
        return files.toString();
    }
}
