package org.llava4j.model.tensors;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import org.llava4j.model.memory.NativeArray;
import org.nd4j.common.util.ArrayUtil;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Writer of the values of single tensors, which converts them to the dtype of the file in chunks. */
final class TensorWriter {
    private static final int CHUNK_ELEMENTS = 1 << 18;

    private TensorWriter() {}

    static void requireConvertible(String name, INDArray array, TensorType type) {
        TensorType own = TensorType.of(array.dataType());
        if (type != own && !(type.isFloat() && own.isFloat())) {
            throw new IllegalArgumentException(
                    "tensor \"" + name + "\" is " + array.dataType() + " and cannot be written as " + type);
        }
    }

    /**
     * Writes the values of a tensor.
     *
     * @throws IllegalArgumentException if its array cannot be written in its dtype
     */
    static void write(FileChannel channel, LazyTensor tensor) throws IOException {
        try {
            tensor.use(array -> {
                requireConvertible(tensor.name(), array, tensor.info().type());
                if (!Arrays.equals(array.shape(), tensor.info().shape())) {
                    throw new IllegalStateException(
                            tensor.info() + " has the array shape " + Arrays.toString(array.shape()));
                }
                try {
                    tensor.checkOverflow(writeValues(channel, tensor.info(), array));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /**
     * Writes the values of one tensor.
     *
     * @return the values that overflowed in the dtype of the file
     */
    private static OverflowCounter writeValues(FileChannel channel, TensorInfo info, INDArray array)
            throws IOException {
        OverflowCounter overflow = new OverflowCounter(info.type());
        long length = info.length();
        if (length == 0) {
            return overflow;
        }
        boolean contiguous = isContiguous(array);
        INDArray source = contiguous ? array : array.dup('c');
        try {
            NativeArray data = new NativeArray(source);
            TensorType own = TensorType.of(array.dataType());
            byte[] chunk = new byte[(int) Math.min(CHUNK_ELEMENTS, length) * own.bytes()];
            for (long done = 0; done < length; done += CHUNK_ELEMENTS) {
                int count = (int) Math.min(CHUNK_ELEMENTS, length - done);
                data.read(done * own.bytes(), chunk, count * own.bytes());
                byte[] converted = FloatConversion.convert(chunk, count * own.bytes(), own, info.type(), overflow);
                writeFully(
                        channel,
                        ByteBuffer.wrap(converted, 0, count * info.type().bytes()));
            }
        } finally {
            if (!contiguous) {
                source.close();
            }
        }
        return overflow;
    }

    private static boolean isContiguous(INDArray array) {
        return array.offset() == 0 && Arrays.equals(array.stride(), ArrayUtil.calcStrides(array.shape()));
    }

    static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
