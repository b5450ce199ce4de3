package org.llava4j.model.tensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.llava4j.data.FileBytes;
import org.llava4j.model.memory.NativeElements;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Reader for a strided tensor view (transposed, sliced or expanded). Elements are visited in file order through a
 * sliding window, so only the window is held in memory.
 */
final class StridedBytes {
    private static final int WINDOW_BYTES = 1 << 16;

    private final TensorInfo info;
    private final long[] strides;
    private final long start;
    private final long limit;

    /**
     * @param strides distance between neighbors on each axis, in elements; not negative
     * @param start file offset of the first element
     * @param limit file offset of the end of the readable range; the caller has checked that every element lies before
     *     it
     */
    StridedBytes(TensorInfo info, long[] strides, long start, long limit) {
        this.info = info;
        this.strides = strides.clone();
        this.start = start;
        this.limit = limit;
    }

    /** Whether elements with these strides are contiguous in C order. The stride of an axis of size 1 is ignored. */
    static boolean isContiguous(long[] shape, long[] strides) {
        long expected = 1;
        for (int axis = shape.length - 1; axis >= 0; axis--) {
            if (shape[axis] != 1 && strides[axis] != expected) {
                return false;
            }
            expected *= shape[axis];
        }
        return true;
    }

    /**
     * Reads all elements into {@code target}.
     *
     * @param wanted dtype in memory: that of the file, or another float dtype
     * @param overflow counts the values that overflow in {@code wanted}
     */
    void fill(INDArray target, TensorType wanted, FileChannel channel, Path file, OverflowCounter overflow)
            throws IOException {
        int inFile = info.type().bytes();
        int inMemory = wanted.bytes();
        long[] shape = info.shape();
        long[] steps = steps(shape);
        int[] axes = outermostFirst();
        long[] at = new long[shape.length];
        ByteBuffer window = ByteBuffer.allocate(WINDOW_BYTES);
        long windowStart = start;
        window.limit(0);
        NativeElements out = new NativeElements(target);
        long from = 0;
        long to = 0;
        for (long left = info.length(); left > 0; left--) {
            long offset = start + from * inFile;
            if (offset < windowStart || offset + inFile > windowStart + window.limit()) {
                windowStart = offset;
                window.clear().limit((int) Math.min(WINDOW_BYTES, limit - offset));
                FileBytes.fill(window, channel, offset);
            }
            out.put(to * inMemory, inMemory, bits(wanted, window, (int) (offset - windowStart), file, overflow));
            for (int i = axes.length - 1; i >= 0; i--) {
                int axis = axes[i];
                from += strides[axis];
                to += steps[axis];
                if (++at[axis] < shape[axis]) {
                    break;
                }
                from -= strides[axis] * shape[axis];
                to -= steps[axis] * shape[axis];
                at[axis] = 0;
            }
        }
    }

    /** The bits of an element in memory. */
    private long bits(TensorType wanted, ByteBuffer window, int from, Path file, OverflowCounter overflow) {
        TensorType type = info.type();
        if (type != wanted) {
            float value = FloatConversion.get(window, from, type);
            if (wanted.isHalfPrecision()) {
                overflow.add(value);
                return wanted.narrow(value);
            }
            return Float.floatToRawIntBits(value);
        }
        return switch (type.bytes()) {
            case Long.BYTES -> window.getLong(from);
            case Integer.BYTES -> window.getInt(from);
            case Short.BYTES -> window.getShort(from);
            default -> {
                byte value = window.get(from);
                if (type == TensorType.BOOL) {
                    TensorBytes.requireBoolean(value, info, file);
                }
                yield value;
            }
        };
    }

    /** C-order strides of the array that is filled. */
    private static long[] steps(long[] shape) {
        long[] steps = new long[shape.length];
        long step = 1;
        for (int axis = shape.length - 1; axis >= 0; axis--) {
            steps[axis] = step;
            step *= shape[axis];
        }
        return steps;
    }

    private int[] outermostFirst() {
        return IntStream.range(0, strides.length)
                .boxed()
                .sorted(Comparator.comparing((Integer axis) -> -strides[axis]))
                .mapToInt(Integer::intValue)
                .toArray();
    }
}
