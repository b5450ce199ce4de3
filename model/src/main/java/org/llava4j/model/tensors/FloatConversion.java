package org.llava4j.model.tensors;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.llava4j.data.BadInputException;
import org.llava4j.model.memory.NativeArray;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Conversion between floating-point dtypes, in chunks: F32, F16 and BF16 in files, FLOAT, HALF and BFLOAT16 in memory.
 * Widening is exact; narrowing rounds to nearest, ties to even ({@link HalfFloats}).
 */
public final class FloatConversion {
    private static final int CHUNK_ELEMENTS = 1 << 18;

    private FloatConversion() {}

    /** Whether a dtype is a 16-bit float. */
    public static boolean isHalfPrecision(DataType type) {
        return type == DataType.HALF || type == DataType.BFLOAT16;
    }

    /**
     * Converts the first {@code bytes} bytes of {@code from}; returns the same array if the dtypes are equal.
     *
     * @param overflow counts the values that overflow in {@code wanted}
     */
    static byte[] convert(byte[] from, int bytes, TensorType type, TensorType wanted, OverflowCounter overflow) {
        if (type == wanted) {
            return from;
        }
        int count = bytes / type.bytes();
        byte[] to = new byte[count * wanted.bytes()];
        ByteBuffer in = ByteBuffer.wrap(from).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer out = ByteBuffer.wrap(to).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            float value = get(in, i * type.bytes(), type);
            if (wanted.isHalfPrecision()) {
                overflow.add(value);
                out.putShort(wanted.narrow(value));
            } else {
                out.putFloat(value);
            }
        }
        return to;
    }

    /** Sum of squares of the first {@code bytes} bytes of FLOAT, HALF or BFLOAT16 values, accumulated in double. */
    public static double sumOfSquares(byte[] values, int bytes, DataType type) {
        TensorType own = TensorType.of(type);
        ByteBuffer in = ByteBuffer.wrap(values).order(ByteOrder.LITTLE_ENDIAN);
        double sum = 0;
        for (int at = 0; at < bytes; at += own.bytes()) {
            double value = get(in, at, own);
            sum += value * value;
        }
        return sum;
    }

    /** Reads the element at byte offset {@code at}. */
    static float get(ByteBuffer in, int at, TensorType type) {
        return type.isHalfPrecision() ? type.widen(in.getShort(at)) : in.getFloat(at);
    }

    /**
     * Converts a computed array to another dtype: returns a new array, or the same one if it has that dtype. Tensors in
     * files are converted while they are read ({@link TensorStore#read(String, DataType)}).
     *
     * @param array FLOAT, HALF or BFLOAT16, contiguous in C order and not a view
     * @param type one of the same three dtypes
     * @throws BadInputException if a finite value becomes infinite in that dtype
     */
    public static INDArray cast(INDArray array, DataType type) {
        return cast("", array, type);
    }

    /** Converts an array; errors name the tensor. See {@link #cast(INDArray, DataType)}. */
    public static INDArray cast(String name, INDArray array, DataType type) {
        if (array.dataType() == type) {
            return array;
        }
        TensorType from = TensorType.of(array.dataType());
        TensorType to = TensorType.of(type);
        if (array.isEmpty()) {
            return Nd4j.create(type, array.shape());
        }
        INDArray copy = Nd4j.createUninitialized(type, array.shape(), 'c');
        NativeArray source = new NativeArray(array);
        NativeArray target = new NativeArray(copy);
        OverflowCounter overflow = new OverflowCounter(to);
        byte[] chunk = new byte[(int) Math.min(CHUNK_ELEMENTS, array.length()) * from.bytes()];
        for (long done = 0; done < array.length(); done += CHUNK_ELEMENTS) {
            int count = (int) Math.min(CHUNK_ELEMENTS, array.length() - done);
            source.read(done * from.bytes(), chunk, count * from.bytes());
            byte[] converted = convert(chunk, count * from.bytes(), from, to, overflow);
            target.write(converted, done * to.bytes(), count * to.bytes());
        }
        if (overflow.any()) {
            copy.close();
            throw new BadInputException(overflow.message(name, array.length()) + "; use bfloat16 or float32");
        }
        return copy;
    }
}
