package org.llava4j.data.tensors;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.BytePointer;
import org.llava4j.data.BadInputException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Floating point tensors from one type to another, a piece at a time: F32, F16 and BF16 in files, FLOAT, HALF and
 * BFLOAT16 in memory. Widening is exact; narrowing rounds to the nearest, ties to even ({@link HalfFloats}).
 */
public final class FloatConversion {
    private static final int PIECE_ELEMENTS = 1 << 18;

    private FloatConversion() {}

    /** Whether arrays of a type hold 16-bit floats. */
    public static boolean isHalfPrecision(DataType type) {
        return type == DataType.HALF || type == DataType.BFLOAT16;
    }

    /**
     * The first {@code bytes} of {@code from} in another type; the array itself where it is the same type.
     *
     * @param overflow counts the values that the wanted type cannot hold
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

    /** Sum of the squares of the first {@code bytes}, added up in double; FLOAT, HALF or BFLOAT16. */
    public static double sumOfSquares(byte[] numbers, int bytes, DataType type) {
        TensorType own = TensorType.of(type);
        ByteBuffer in = ByteBuffer.wrap(numbers).order(ByteOrder.LITTLE_ENDIAN);
        double sum = 0;
        for (int at = 0; at < bytes; at += own.bytes()) {
            double value = get(in, at, own);
            sum += value * value;
        }
        return sum;
    }

    /** One element, from the byte {@code at} on. */
    static float get(ByteBuffer in, int at, TensorType type) {
        return type.isHalfPrecision() ? type.widen(in.getShort(at)) : in.getFloat(at);
    }

    /**
     * The values of an array in another type: a new array, or the same one where it has that type. For arrays that were
     * computed; files are read in the wanted type at once ({@link TensorStore#read(String, DataType)}).
     *
     * @param array FLOAT, HALF or BFLOAT16, in C order without gaps and no view
     * @param type one of the same three
     * @throws BadInputException if a finite value becomes infinite in that type
     */
    public static INDArray cast(INDArray array, DataType type) {
        return cast("", array, type);
    }

    /** The same, with the name of the tensor for the error. */
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
        BytePointer source = new BytePointer(array.data().pointer());
        BytePointer target = new BytePointer(copy.data().pointer());
        OverflowCounter overflow = new OverflowCounter(to);
        byte[] piece = new byte[(int) Math.min(PIECE_ELEMENTS, array.length()) * from.bytes()];
        for (long done = 0; done < array.length(); done += PIECE_ELEMENTS) {
            int count = (int) Math.min(PIECE_ELEMENTS, array.length() - done);
            source.position(done * from.bytes()).get(piece, 0, count * from.bytes());
            byte[] converted = convert(piece, count * from.bytes(), from, to, overflow);
            target.position(done * to.bytes()).put(converted, 0, count * to.bytes());
        }
        if (overflow.any()) {
            copy.close();
            throw new BadInputException(
                    overflow.message(new TensorInfo(name, to, array.shape())) + "; use bfloat16 or float32");
        }
        return copy;
    }
}
