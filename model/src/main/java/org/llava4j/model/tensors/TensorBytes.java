package org.llava4j.model.tensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;
import org.llava4j.data.FailedDownload;
import org.llava4j.data.FileBytes;
import org.llava4j.data.FileReadError;
import org.llava4j.model.memory.MappedArray;
import org.llava4j.model.memory.NativeArray;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Tensor file, open for chunked reads by position, and for mapping: files may exceed 2 GB, and several threads may read.
 */
final class TensorBytes implements AutoCloseable {
    private static final int CHUNK_BYTES = 1 << 20;
    /** Maximum rank of ND4J arrays. */
    private static final int MAX_AXES = 32;

    private final Path file;
    private final FileChannel channel;

    private TensorBytes(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** Creates a tensor store from an open file. */
    interface Parser<T> {
        T parse(TensorBytes bytes) throws IOException;
    }

    /** Reads the elements of a tensor into its array. */
    private interface ArrayFiller {
        void fill(INDArray target, OverflowCounter overflow) throws IOException;
    }

    /**
     * Opens and parses a file; closes it again if that fails.
     *
     * @param kind file format in messages
     * @throws BadInputException if the file does not exist, cannot be read, or the parser rejects it
     */
    static <T> T open(Path file, String kind, Parser<T> parser) {
        FileReadError.requireAccessible(file);
        if (!Files.isRegularFile(file)) {
            throw new BadInputException("file " + file + " does not exist; name an existing " + kind + " file");
        }
        try {
            TensorBytes bytes = new TensorBytes(file, FileChannel.open(file, StandardOpenOption.READ));
            return CloseOnFailure.run(bytes, () -> {
                FailedDownload.reject(file);
                return parser.parse(bytes);
            });
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    FileChannel channel() {
        return channel;
    }

    /** Reads a contiguous tensor from file offset {@code start}. */
    INDArray read(TensorInfo info, DataType type, long start) {
        return read(info, type, (target, overflow) -> fill(target, info, inMemory(info, type), start, overflow));
    }

    /** Reads a strided tensor. */
    INDArray read(TensorInfo info, DataType type, StridedBytes elements) {
        return read(
                info, type, (target, overflow) -> elements.fill(target, inMemory(info, type), channel, file, overflow));
    }

    /** The dtype in memory: that of the file, or for floats the requested one. */
    private static TensorType inMemory(TensorInfo info, DataType type) {
        return info.type().isFloat() ? TensorType.of(type) : info.type();
    }

    /**
     * Maps a contiguous tensor from file offset {@code start}, in the dtype of the file.
     *
     * @return an array that must not be written ({@link MappedArray}); null if the tensor must be read, because the
     *     system cannot map it
     */
    @Nullable
    INDArray map(TensorInfo info, long start) {
        requireAxes(info);
        DataType type = info.type().exactType();
        if (!MappedArray.canMap(type, start, info.bytes())) {
            return null;
        }
        try {
            if (channel.size() < start + info.bytes()) {
                throw new IOException("the file ends at byte " + channel.size());
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
        try {
            return MappedArray.map(channel, start, type, info.shape());
        } catch (IOException e) {
            // File systems need not support mapping. What else is wrong, reading reports.
            return null;
        }
    }

    private void requireAxes(TensorInfo info) {
        int axes = info.shape().length;
        if (axes > MAX_AXES) {
            throw new BadInputException("tensor \"" + info.name() + "\" in " + file + " has " + axes
                    + " axes, more than the limit of " + MAX_AXES + "; is it the right file?");
        }
    }

    private INDArray read(TensorInfo info, DataType type, ArrayFiller filler) {
        long[] shape = info.shape();
        requireAxes(info);
        if (info.length() == 0) {
            return Nd4j.create(type, shape);
        }
        INDArray array = Nd4j.createUninitialized(type, shape, 'c');
        try {
            return CloseOnFailure.run(array, () -> {
                OverflowCounter overflow = new OverflowCounter(inMemory(info, type));
                filler.fill(array, overflow);
                if (overflow.any()) {
                    throw new BadInputException(
                            file + ": " + overflow.message(info.name(), info.length()) + "; load it as bf16 or fp32");
                }
                return array;
            });
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private void fill(INDArray target, TensorInfo info, TensorType wanted, long start, OverflowCounter overflow)
            throws IOException {
        NativeArray memory = new NativeArray(target);
        long bytes = info.bytes();
        byte[] buffer = new byte[(int) Math.min(CHUNK_BYTES, bytes)];
        for (long done = 0; done < bytes; done += CHUNK_BYTES) {
            int length = (int) Math.min(CHUNK_BYTES, bytes - done);
            ByteBuffer chunk = FileBytes.fill(ByteBuffer.wrap(buffer, 0, length), channel, start + done);
            if (info.type() == TensorType.BOOL) {
                requireBooleans(chunk, info);
            }
            // ND4J runs only on platforms with the byte order of the file.
            byte[] converted = FloatConversion.convert(buffer, length, info.type(), wanted, overflow);
            long first = done / info.type().bytes();
            int width = length / info.type().bytes() * wanted.bytes();
            memory.write(converted, first * wanted.bytes(), width);
        }
    }

    private void requireBooleans(ByteBuffer chunk, TensorInfo info) {
        for (int i = 0; i < chunk.limit(); i++) {
            requireBoolean(chunk.get(i), info, file);
        }
    }

    /**
     * @throws BadInputException if a byte of a BOOL tensor is neither 0 nor 1
     */
    static void requireBoolean(byte value, TensorInfo info, Path file) {
        if ((value & ~1) != 0) {
            throw new BadInputException(file + " is damaged: tensor \"" + info.name()
                    + "\" is BOOL but contains bytes other than 0 and 1; download or write the file again");
        }
    }

    /** Creates the error for a tensor that is not among the {@code count} tensors of this file. */
    BadInputException missing(String name, int count) {
        return new BadInputException("there is no tensor \"" + name + "\" among the " + count + " tensors in " + file
                + "; is it the right file?");
    }

    private static BadInputException unreadable(Path file, IOException e) {
        return FileReadError.of(file, e, "download the file again");
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // Closing a file that was only read cannot lose data.
        }
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
