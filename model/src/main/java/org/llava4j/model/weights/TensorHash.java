package org.llava4j.model.weights;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.llava4j.data.Sha256;
import org.llava4j.model.kernels.QuantizedWeights;
import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.tensors.FloatConversion;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * SHA-256 over names, shapes, dtypes and values of arrays, and their joint 2-norm. Two groups of weights have the same
 * hash only if they are bit-identical.
 */
public final class TensorHash {
    private static final int BUFFER_BYTES = 1 << 20;

    private final Sha256 hash = new Sha256();
    private double squares;

    /**
     * Hash and norm of a group of weights.
     *
     * @param norm 2-norm of all values, dequantized
     */
    public record TensorDigest(String sha256, double norm) {}

    /** Adds an array. The hash depends on the order of calls. */
    public void add(String name, INDArray array) {
        hash.add(name + " " + array.dataType() + Arrays.toString(array.shape()) + "\n");
        INDArray plain = array.ordering() == 'c' && !array.isView() ? array : array.dup('c');
        boolean quantized = QuantizedWeights.isQuantized(array);
        NativeArray bytes = new NativeArray(plain);
        long length = plain.length() * plain.dataType().width();
        byte[] buffer = new byte[(int) Math.min(BUFFER_BYTES, length)];
        for (long done = 0; done < length; done += buffer.length) {
            int count = (int) Math.min(buffer.length, length - done);
            bytes.read(done, buffer, count);
            hash.add(ByteBuffer.wrap(buffer, 0, count));
            if (!quantized) {
                squares += FloatConversion.sumOfSquares(buffer, count, array.dataType());
            }
        }
        if (quantized) {
            try (INDArray values = QuantizedWeights.dequantize(array)) {
                squares += Math.pow(values.norm2Number().doubleValue(), 2);
            }
        }
    }

    /** Returns hash and norm of all arrays. Call at most once, and no other method afterwards. */
    public TensorDigest digest() {
        return new TensorDigest(hex(), Math.sqrt(squares));
    }

    /** Returns the hash of all arrays in hexadecimal. Call at most once, and no other method afterwards. */
    public String hex() {
        return hash.hex();
    }
}
