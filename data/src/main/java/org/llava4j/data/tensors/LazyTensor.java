package org.llava4j.data.tensors;

import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.llava4j.data.BadInputException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A tensor on its way into a file: what it will be there, and its numbers when their turn comes. Whoever writes many of
 * them holds one at a time.
 */
public final class LazyTensor {
    private final TensorInfo info;
    private final Supplier<INDArray> values;
    private final boolean closed;
    private final Optional<Consumer<String>> onOverflow;

    private LazyTensor(TensorInfo info, Supplier<INDArray> numbers, boolean closed) {
        this(info, numbers, closed, Optional.empty());
    }

    private LazyTensor(
            TensorInfo info, Supplier<INDArray> numbers, boolean closed, Optional<Consumer<String>> onOverflow) {
        this.info = info;
        this.values = numbers;
        this.closed = closed;
        this.onOverflow = onOverflow;
    }

    /** An array that is there and stays the caller's. */
    public static LazyTensor of(String name, TensorType type, INDArray array) {
        return new LazyTensor(new TensorInfo(name, type, array.shape()), () -> array, false);
    }

    /** Numbers that are made when they are asked for, and closed when they are written. */
    public static LazyTensor computed(TensorInfo info, Supplier<INDArray> numbers) {
        return new LazyTensor(info, numbers, true);
    }

    /** A tensor of a store, which must stay open until this is written; 16 bits stay 16 bits in between. */
    public static LazyTensor fromStore(TensorStore store, String name) {
        TensorInfo info = store.tensors().get(name);
        return computed(
                info, () -> info.type().isFloat() ? store.read(name, info.type().exactType()) : store.read(name));
    }

    /** The same numbers under another name. */
    public LazyTensor withName(String name) {
        return new LazyTensor(new TensorInfo(name, info.type(), info.shape()), values, closed, onOverflow);
    }

    /** The same numbers, rounded to nearest even where the type is narrower. */
    public LazyTensor withType(TensorType type) {
        return new LazyTensor(new TensorInfo(info.name(), type, info.shape()), values, closed, onOverflow);
    }

    /**
     * The same numbers, in which those that the type cannot hold are written as infinity. Without this they are refused.
     *
     * @param notice receives one sentence that counts them
     */
    public LazyTensor allowingOverflow(Consumer<String> notice) {
        return new LazyTensor(info, values, closed, Optional.of(notice));
    }

    /** @throws BadInputException if values overflowed that may not */
    void checkOverflow(OverflowCounter overflow) {
        if (!overflow.any()) {
            return;
        }
        String message = overflow.message(info);
        onOverflow
                .orElseThrow(() -> new BadInputException(
                        message + "; write bfloat16 or float32, or accept infinite values (--allow-overflow)"))
                .accept(message);
    }

    /**
     * Other numbers, made of these as float32.
     *
     * @param change makes an array in C order without gaps
     * @param shape of the new array
     */
    public LazyTensor mapFloats(ArrayFunction change, long... shape) {
        Supplier<INDArray> made = () -> {
            INDArray[] changed = new INDArray[1];
            useAsFloats(floats -> changed[0] = change.of(floats));
            requireFinite(changed[0]);
            return changed[0];
        };
        return new LazyTensor(new TensorInfo(info.name(), info.type(), shape), made, true, onOverflow);
    }

    private void requireFinite(INDArray computed) {
        NonFiniteCounts bad = NonFiniteCounts.count(computed);
        if (bad.total() > 0) {
            computed.close();
            throw new BadInputException("tensor \"" + info.name() + "\": " + bad + " come out of the arithmetic; a file"
                    + " that it is made of is damaged (inspect --verify names the tensor)");
        }
    }

    /** Makes a new array of one that is closed afterwards. */
    @FunctionalInterface
    public interface ArrayFunction {
        INDArray of(INDArray before);
    }

    /** What the tensor is in the file. */
    public TensorInfo info() {
        return info;
    }

    public String name() {
        return info.name();
    }

    /** Lends the numbers, of which at most one tensor's are in memory at a time. */
    public void use(Consumer<INDArray> use) {
        INDArray array = values.get();
        try {
            use.accept(array);
        } finally {
            if (closed) {
                array.close();
            }
        }
    }

    /** Lends the numbers as float32. */
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
