package org.llava4j.data.tensors;

import java.util.function.Consumer;
import java.util.function.Supplier;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A tensor on its way into a file: what it will be there, and its numbers when their turn comes. Whoever writes many of
 * them holds one at a time.
 */
public final class OutgoingTensor {
    private final TensorInfo info;
    private final Supplier<INDArray> numbers;
    private final boolean closed;

    private OutgoingTensor(TensorInfo info, Supplier<INDArray> numbers, boolean closed) {
        this.info = info;
        this.numbers = numbers;
        this.closed = closed;
    }

    /** An array that is there and stays the caller's. */
    public static OutgoingTensor of(String name, TensorType type, INDArray array) {
        return new OutgoingTensor(new TensorInfo(name, type, array.shape()), () -> array, false);
    }

    /** Numbers that are made when they are asked for, and closed when they are written. */
    public static OutgoingTensor made(TensorInfo info, Supplier<INDArray> numbers) {
        return new OutgoingTensor(info, numbers, true);
    }

    /** A tensor of a store, which must stay open until this is written; 16 bits stay 16 bits in between. */
    public static OutgoingTensor stored(TensorStore store, String name) {
        TensorInfo info = store.tensors().get(name);
        return made(
                info, () -> info.type().isFloat() ? store.read(name, info.type().narrowest()) : store.read(name));
    }

    /** The same numbers under another name. */
    public OutgoingTensor named(String name) {
        return new OutgoingTensor(new TensorInfo(name, info.type(), info.shape()), numbers, closed);
    }

    /** The same numbers, rounded to nearest even where the type is narrower. */
    public OutgoingTensor as(TensorType type) {
        return new OutgoingTensor(new TensorInfo(info.name(), type, info.shape()), numbers, closed);
    }

    /**
     * Other numbers, made of these as float32.
     *
     * @param shape of the new array
     */
    public OutgoingTensor changedAsFloats(Change change, long... shape) {
        return made(new TensorInfo(info.name(), info.type(), shape), () -> {
            INDArray[] changed = new INDArray[1];
            lendFloats(floats -> changed[0] = change.of(floats));
            return changed[0];
        });
    }

    /** Makes a new array of one that is closed afterwards. */
    @FunctionalInterface
    public interface Change {
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
    public void lend(Consumer<INDArray> use) {
        INDArray array = numbers.get();
        try {
            use.accept(array);
        } finally {
            if (closed) {
                array.close();
            }
        }
    }

    /** Lends the numbers as float32. */
    public void lendFloats(Consumer<INDArray> use) {
        lend(array -> {
            INDArray floats = FloatConversion.of(array, DataType.FLOAT);
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
