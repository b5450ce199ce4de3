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
import org.llava4j.model.kernels.QuantizedFormat;
import org.llava4j.model.kernels.QuantizedMatrix;
import org.llava4j.model.tensors.FloatConversion;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.tensors.TensorFolder;
import org.llava4j.model.tensors.TensorInfo;
import org.llava4j.model.tensors.TensorStore;
import org.llava4j.model.tensors.TensorType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Weights in any format that {@link TensorFolder} opens, quantized ({@link QuantizedTensors}) or not. A quantized matrix
 * is listed and read as the {@code F32[N, K]} that it encodes; {@link #readQuantized} reads its bytes.
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
     * @throws BadInputException if {@link TensorFolder#open} rejects it, or it has tensors of 8 bits that are not in the
     *     layout of {@link QuantizedTensors}
     */
    public static WeightStore open(Path path) {
        TensorStore files = TensorFolder.open(path);
        try {
            return new WeightStore(files, path);
        } catch (BadInputException e) {
            files.close();
            throw e;
        }
    }

    /**
     * Checks that a folder's weights can be trained: quantized ones cannot.
     *
     * @param folder may have no weights, or be a config file
     * @throws BadInputException if the folder is quantized
     */
    public static void requireTrainable(Path folder) {
        if (!Files.isDirectory(folder) || !TensorFolder.isIn(folder)) {
            return;
        }
        try (WeightStore weights = open(folder)) {
            if (weights.quantization != null) {
                throw new BadInputException(folder + " holds " + weights.quantization
                        + " weights, which cannot be trained; train the original model and export the result");
            }
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

    /** The dtype of quantized matrices; null if the files are not quantized. */
    public @Nullable WeightDtype quantization() {
        return quantization;
    }

    /** All tensors with the dtypes and shapes that they have in the files. */
    public SortedMap<String, TensorInfo> stored() {
        return files.tensors();
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

    private boolean isQuantized(String name) {
        TensorInfo stored = files.tensors().get(name);
        return stored != null && !stored.equals(tensors.get(name));
    }

    /**
     * Reads a quantized matrix as it is stored.
     *
     * @return {@code [N, rowBytes]} in the layout of {@link QuantizedFormat}; null if the tensor is not quantized
     * @throws BadInputException if the values are damaged
     */
    @Nullable
    INDArray readQuantized(String name) {
        if (!isQuantized(name)) {
            return null;
        }
        return requireValid(name, files.read(name));
    }

    /** As {@link #readQuantized}, mapped read-only; null also if the tensor must be read. */
    @Nullable
    INDArray mapQuantized(String name) {
        if (!isQuantized(name)) {
            return null;
        }
        INDArray mapped = files.map(name, storedInfo(name).type().inMemory());
        return mapped == null ? null : requireValid(name, mapped);
    }

    private TensorInfo storedInfo(String name) {
        return Objects.requireNonNull(files.tensors().get(name), name);
    }

    private INDArray requireValid(String name, INDArray quantized) {
        String problem = QuantizedMatrix.problem(quantized);
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
            return FloatConversion.cast(name, QuantizedMatrix.dequantize(quantized), type);
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
