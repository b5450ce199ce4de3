package org.llava4j.model.memory;

import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.util.EnumSet;
import java.util.Set;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.ShortPointer;
import org.bytedeco.javacpp.indexer.Bfloat16Indexer;
import org.bytedeco.javacpp.indexer.ByteIndexer;
import org.bytedeco.javacpp.indexer.FloatIndexer;
import org.bytedeco.javacpp.indexer.HalfIndexer;
import org.bytedeco.javacpp.indexer.Indexer;
import org.bytedeco.javacpp.indexer.UByteIndexer;
import org.nd4j.common.util.ArrayUtil;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Arrays over a region of a file that is mapped read-only. The system reads a page when it is first used, and all
 * processes that map the file share its pages. Such an array must not be written: the write ends the JVM. So does a read
 * behind the end of a file that has become shorter. The garbage collector unmaps the region after the array is closed or
 * unreachable; closing or deleting the file does not change that.
 */
public final class MappedArray {
    /** Largest size of an array in bytes, the limit of {@link FileChannel#map}. */
    private static final long MAX_BYTES = Integer.MAX_VALUE;

    private static final Set<DataType> TYPES =
            EnumSet.of(DataType.FLOAT, DataType.BFLOAT16, DataType.HALF, DataType.BYTE, DataType.UBYTE);

    private MappedArray() {}

    /** The address of a mapped region, which it keeps mapped. */
    private static final class MappedPointer extends BytePointer {
        /** JavaCPP's pointer references the region too, but not in a documented way. */
        @SuppressWarnings({"unused", "FieldCanBeLocal"})
        private final MappedByteBuffer region;

        MappedPointer(MappedByteBuffer region) {
            super(region);
            this.region = region;
        }
    }

    /**
     * Whether a region of a file can be an array: a type of weights, one or more elements, at most 2 GB, and aligned to
     * the size of an element, as native code expects.
     *
     * @param start file offset of the first element
     * @param bytes size of the array
     */
    public static boolean canMap(DataType type, long start, long bytes) {
        return TYPES.contains(type) && bytes > 0 && bytes <= MAX_BYTES && start % type.width() == 0;
    }

    /**
     * Maps an array in C order, for which {@link #canMap} holds.
     *
     * @param start file offset of the first element; the caller has checked that the file contains all elements
     * @throws IOException if the system cannot map the file
     */
    public static INDArray map(FileChannel channel, long start, DataType type, long... shape) throws IOException {
        long length = ArrayUtil.prodLong(shape);
        MappedPointer pointer = new MappedPointer(channel.map(MapMode.READ_ONLY, start, length * type.width()));
        DataBuffer buffer = Nd4j.createBuffer(pointer, type, length, indexer(type, pointer));
        return Nd4j.create(buffer, shape, Nd4j.getStrides(shape, 'c'), 0, 'c', type);
    }

    private static Indexer indexer(DataType type, MappedPointer pointer) {
        return switch (type) {
            case FLOAT -> FloatIndexer.create(new FloatPointer(pointer));
            case BFLOAT16 -> Bfloat16Indexer.create(new ShortPointer(pointer));
            case HALF -> HalfIndexer.create(new ShortPointer(pointer));
            case BYTE -> ByteIndexer.create(pointer);
            case UBYTE -> UByteIndexer.create(pointer);
            default -> throw new IllegalArgumentException("weights are not " + type);
        };
    }

    /** Whether an array is mapped. */
    public static boolean isMapped(INDArray array) {
        return !array.isEmpty() && array.data().pointer() instanceof MappedPointer;
    }
}
