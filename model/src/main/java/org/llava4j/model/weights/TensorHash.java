package org.llava4j.model.weights;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.bytedeco.javacpp.BytePointer;
import org.llava4j.data.Sha256;
import org.llava4j.data.tensors.FloatConversion;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * SHA-256 over named arrays: two groups of weights have the same hash only if every bit is the same. Their common norm is
 * taken on the way.
 */
public final class TensorHash {
    private static final int BUFFER_BYTES = 1 << 20;

    private final Sha256 hash = new Sha256();
    private double squares;

    /**
     * What a group of weights is known by.
     *
     * @param norm their 2-norm
     */
    public record TensorDigest(String sha256, double norm) {}

    /** Takes in one array; the order of calls counts. */
    public void add(String name, INDArray array) {
        hash.add(name + " " + array.dataType() + Arrays.toString(array.shape()) + "\n");
        INDArray plain = array.ordering() == 'c' && !array.isView() ? array : array.dup('c');
        BytePointer bytes = new BytePointer(plain.data().pointer());
        long length = plain.length() * plain.dataType().width();
        byte[] piece = new byte[(int) Math.min(BUFFER_BYTES, length)];
        for (long done = 0; done < length; done += piece.length) {
            int count = (int) Math.min(piece.length, length - done);
            bytes.position(done).get(piece, 0, count);
            hash.add(ByteBuffer.wrap(piece, 0, count));
            squares += FloatConversion.sumOfSquares(piece, count, array.dataType());
        }
    }

    /** The hash and the norm of all that was added; ends this object's use. */
    public TensorDigest digest() {
        return new TensorDigest(hex(), Math.sqrt(squares));
    }

    /** The hash of all that was added, in hexadecimal; ends this object's use. */
    public String hex() {
        return hash.hex();
    }
}
