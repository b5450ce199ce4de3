package org.llava4j.model.tensors;

import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Tensor whose values are produced on demand while it is written to a file, so that a writer of many tensors holds the
 * values of only one at a time.
 */
public final class LazyTensor {
    private final TensorInfo info;
    private final Supplier<INDArray> values;
    private final boolean closed;
    private final @Nullable Consumer<String> onOverflow;
    private final @Nullable LazyTensor encoded;
    private final String originalName;

    private LazyTensor(TensorInfo info, Supplier<INDArray> values, boolean closed) {
        this(info, values, closed, null, null, info.name());
    }

    private LazyTensor(
            TensorInfo info,
            Supplier<INDArray> values,
            boolean closed,
            @Nullable Consumer<String> onOverflow,
            @Nullable LazyTensor encoded,
            String originalName) {
        this.info = info;
        this.values = values;
        this.closed = closed;
        this.onOverflow = onOverflow;
        this.encoded = encoded;
        this.originalName = originalName;
    }

    /** Creates a tensor from an existing array, which the caller continues to own. */
    public static LazyTensor of(String name, TensorType type, INDArray array) {
        return new LazyTensor(new TensorInfo(name, type, array.shape()), () -> array, false);
    }

    /** Creates a tensor whose values are computed on demand and closed after they are written. */
    public static LazyTensor computed(TensorInfo info, Supplier<INDArray> values) {
        return new LazyTensor(info, values, true);
    }

    /**
     * Creates a tensor that is read from a store, which must stay open until the tensor is written. 16-bit floats are
     * not widened in between.
     */
    public static LazyTensor fromStore(TensorStore store, String name) {
        TensorInfo info = Objects.requireNonNull(store.tensors().get(name), name);
        return computed(
                info, () -> info.type().isFloat() ? store.read(name, info.type().exactType()) : store.read(name));
    }

    /**
     * Creates a tensor whose values are decoded from another one that has the stored form, such as quantized values.
     *
     * @param info name, dtype and shape of the decoded tensor
     * @param decode computes the values on demand
     */
    public static LazyTensor decoded(TensorInfo info, LazyTensor encoded, Supplier<INDArray> decode) {
        return new LazyTensor(info, decode, true, null, encoded, info.name());
    }

    /** The stored form of a {@link #decoded} tensor whose values have not changed since, by its name; else null. */
    public @Nullable LazyTensor encoded() {
        return encoded == null ? null : encoded.withName(info.name());
    }

    /** Returns this tensor with another name. */
    public LazyTensor withName(String name) {
        return named(name, name);
    }

    /** Returns this tensor with another name in the file; messages keep the name that it has now. */
    public LazyTensor withStoredName(String name) {
        return named(name, originalName);
    }

    private LazyTensor named(String name, String inMessages) {
        return new LazyTensor(
                new TensorInfo(name, info.type(), info.shape()), values, closed, onOverflow, encoded, inMessages);
    }

    /** Returns this tensor with another dtype; narrowing rounds to nearest, ties to even. */
    public LazyTensor withType(TensorType type) {
        return new LazyTensor(
                new TensorInfo(info.name(), type, info.shape()), values, closed, onOverflow, encoded, originalName);
    }

    /**
     * Returns this tensor with overflow allowed: values that the dtype cannot represent are written as infinity. By
     * default they are an error.
     *
     * @param notice receives one sentence with the number of such values; may throw an exception to reject them
     */
    public LazyTensor allowingOverflow(Consumer<String> notice) {
        return new LazyTensor(info, values, closed, notice, encoded, originalName);
    }

    /**
     * @throws BadInputException if values overflowed and overflow is not allowed
     */
    void checkOverflow(OverflowCounter overflow) {
        if (!overflow.any()) {
            return;
        }
        String message = overflow.message(originalName, info.length());
        if (onOverflow == null) {
            throw new BadInputException(
                    message + "; write bfloat16 or float32, or accept infinite values (--allow-overflow)");
        }
        onOverflow.accept(message);
    }

    /**
     * Returns a tensor whose values are computed from these values in float32.
     *
     * @param change computes a contiguous array in C order
     * @param shape shape of the new tensor
     */
    public LazyTensor mapFloats(ArrayFunction change, long... shape) {
        Supplier<INDArray> made = () -> {
            INDArray[] changed = new INDArray[1];
            useAsFloats(floats -> changed[0] = change.of(floats));
            requireFinite(changed[0]);
            return changed[0];
        };
        return new LazyTensor(
                new TensorInfo(info.name(), info.type(), shape), made, true, onOverflow, null, originalName);
    }

    /**
     * Returns a tensor whose values are computed from these values in the dtype in which they are read.
     *
     * @param change computes a dense array in C order of the same dtype and shape
     */
    public LazyTensor map(ArrayFunction change) {
        Supplier<INDArray> made = () -> {
            INDArray[] changed = new INDArray[1];
            use(array -> changed[0] = change.of(array));
            return changed[0];
        };
        return new LazyTensor(info, made, true, onOverflow, null, originalName);
    }

    private void requireFinite(INDArray computed) {
        NonFiniteCounts bad = NonFiniteCounts.count(computed);
        if (bad.total() > 0) {
            computed.close();
            throw new BadInputException("tensor \"" + originalName + "\": the computation produced " + bad
                    + "; a source" + " file is damaged (inspect --verify names the tensor)");
        }
    }

    /** Computes a new array from an array that is closed afterwards. */
    @FunctionalInterface
    public interface ArrayFunction {
        INDArray of(INDArray before);
    }

    /** Name, dtype and shape of the tensor in the file. */
    public TensorInfo info() {
        return info;
    }

    /** Name of the tensor in the model, for messages. */
    public String originalName() {
        return originalName;
    }

    /** Name of the tensor in the file. */
    public String name() {
        return info.name();
    }

    /** Passes the values to {@code use} and releases them afterwards, so that at most one tensor is in memory. */
    void use(Consumer<INDArray> use) {
        INDArray array = values.get();
        try {
            use.accept(array);
        } finally {
            if (closed) {
                array.close();
            }
        }
    }

    /** Passes the values as float32; see {@link #use}. */
    public void useAsFloats(Consumer<INDArray> use) {
        use(array -> {
            INDArray floats = FloatConversion.cast(array, DataType.FLOAT);
            try {
                use.accept(floats);
            } finally {
                if (floats != array) {
                    floats.close();
                }
            }
        });
    }
}
