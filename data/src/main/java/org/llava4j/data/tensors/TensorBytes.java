package org.llava4j.data.tensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FailedDownload;
import org.llava4j.data.FileBytes;
import org.llava4j.data.FileReadError;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The bytes of one file of tensors, open for reading. They are read in pieces by position: files may be larger than
 * 2 GB and several threads may read.
 */
final class TensorBytes implements AutoCloseable {
    private static final int PIECE_BYTES = 1 << 20;
    /** What an array of ND4J can have. */
    private static final int MAX_AXES = 32;

    private final Path file;
    private final FileChannel channel;

    private TensorBytes(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** Makes a store of an open file. */
    interface Parser<T> {
        T parse(TensorBytes bytes) throws IOException;
    }

    /** Puts the elements of a tensor where its array has them. */
    private interface ArrayFiller {
        void fill(Pointer target, OverflowCounter overflow) throws IOException;
    }

    /**
     * Opens a file and parses it; it is closed again if that fails.
     *
     * @param kind of the file, for messages
     * @throws BadInputException if there is no such file, it cannot be read, or the parser refuses it
     */
    static <T> T open(Path file, String kind, Parser<T> parser) {
        FileReadError.requireAccessible(file);
        if (!Files.isRegularFile(file)) {
            throw new BadInputException("there is no file " + file + "; name an existing " + kind + " file");
        }
        TensorBytes bytes = null;
        T parsed = null;
        try {
            bytes = new TensorBytes(file, FileChannel.open(file, StandardOpenOption.READ));
            FailedDownload.reject(file);
            parsed = parser.parse(bytes);
            return parsed;
        } catch (IOException e) {
            throw unreadable(file, e);
        } finally {
            if (parsed == null && bytes != null) {
                bytes.close();
            }
        }
    }

    FileChannel channel() {
        return channel;
    }

    /** A tensor whose elements lie side by side from byte {@code start} of the file on. */
    INDArray read(TensorInfo info, DataType type, long start) {
        return read(info, type, (target, overflow) -> fill(target, info, inMemory(info, type), start, overflow));
    }

    /** A tensor whose elements lie apart, or in another order. */
    INDArray read(TensorInfo info, DataType type, StridedBytes place) {
        return read(
                info, type, (target, overflow) -> place.fill(target, inMemory(info, type), channel, file, overflow));
    }

    /** The type that the elements have in an array: their own, or for floats another that they are converted to. */
    private static TensorType inMemory(TensorInfo info, DataType type) {
        return info.type().isFloat() ? TensorType.of(type) : info.type();
    }

    private INDArray read(TensorInfo info, DataType type, ArrayFiller filling) {
        long[] shape = info.shape();
        if (shape.length > MAX_AXES) {
            throw new BadInputException("tensor \"" + info.name() + "\" in " + file + " has " + shape.length
                    + " axes, more than the " + MAX_AXES + " that can be read; is it the right file?");
        }
        if (info.length() == 0) {
            return Nd4j.create(type, shape);
        }
        INDArray array = Nd4j.createUninitialized(type, shape, 'c');
        boolean complete = false;
        try {
            OverflowCounter overflow = new OverflowCounter(inMemory(info, type));
            filling.fill(array.data().pointer(), overflow);
            if (overflow.any()) {
                throw new BadInputException(file + ": " + overflow.message(info) + "; load it as bf16 or fp32");
            }
            complete = true;
            return array;
        } catch (IOException e) {
            throw unreadable(file, e);
        } finally {
            if (!complete) {
                array.close();
            }
        }
    }

    private void fill(Pointer target, TensorInfo info, TensorType wanted, long start, OverflowCounter overflow)
            throws IOException {
        long bytes = info.bytes();
        byte[] buffer = new byte[(int) Math.min(PIECE_BYTES, bytes)];
        for (long done = 0; done < bytes; done += PIECE_BYTES) {
            int length = (int) Math.min(PIECE_BYTES, bytes - done);
            ByteBuffer piece = FileBytes.fill(ByteBuffer.wrap(buffer, 0, length), channel, start + done);
            if (info.type() == TensorType.BOOL) {
                requireBooleans(piece, info);
            }
            // On every platform that ND4J runs on the byte order of memory is the file's.
            byte[] converted = FloatConversion.convert(buffer, length, info.type(), wanted, overflow);
            long first = done / info.type().bytes();
            int width = length / info.type().bytes() * wanted.bytes();
            new BytePointer(target).position(first * wanted.bytes()).put(converted, 0, width);
        }
    }

    private void requireBooleans(ByteBuffer piece, TensorInfo info) {
        for (int i = 0; i < piece.limit(); i++) {
            requireBoolean(piece.get(i), info, file);
        }
    }

    /** @throws BadInputException if a byte of a BOOL tensor is neither 0 nor 1 */
    static void requireBoolean(byte value, TensorInfo info, Path file) {
        if ((value & ~1) != 0) {
            throw new BadInputException(file + " is damaged: tensor \"" + info.name()
                    + "\" is BOOL but holds bytes other than 0 and 1; fetch or write the file again");
        }
    }

    /** What to throw when a tensor is asked for that is not among the {@code count} of this file. */
    BadInputException missing(String name, int count) {
        return new BadInputException("there is no tensor \"" + name + "\" in " + file + "; it has " + count
                + " others: is it the right file?");
    }

    private static BadInputException unreadable(Path file, IOException e) {
        return FileReadError.of(file, e, "fetch the file again");
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // Closing a file that was only read loses nothing.
        }
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
