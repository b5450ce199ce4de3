package org.llava4j.data.tensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.SortedMap;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.llava4j.data.BadInputException;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * One safetensors file, open for reading. The header is read and checked at once, tensors when they are asked for,
 * in pieces by position: files may be larger than 2 GB and several threads may read.
 */
public final class SafetensorsFile implements TensorStore {
    private static final int PIECE_BYTES = 1 << 20;

    private final Path file;
    private final FileChannel channel;
    private final SafetensorsHeader header;

    private SafetensorsFile(Path file, FileChannel channel, SafetensorsHeader header) {
        this.file = file;
        this.channel = channel;
        this.header = header;
    }

    /**
     * Opens a file and checks its whole header.
     *
     * @throws BadInputException if there is no such file, or its header and its length do not fit together
     */
    public static SafetensorsFile open(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new BadInputException("there is no file " + file + "; name an existing safetensors file");
        }
        FileChannel channel = null;
        SafetensorsFile opened = null;
        try {
            channel = FileChannel.open(file, StandardOpenOption.READ);
            opened = new SafetensorsFile(file, channel, SafetensorsHeader.read(channel, file));
            return opened;
        } catch (IOException e) {
            throw unreadable(file, e);
        } finally {
            if (opened == null) {
                closeQuietly(channel);
            }
        }
    }

    @Override
    public SortedMap<String, TensorInfo> tensors() {
        return header.tensors();
    }

    @Override
    public Map<String, String> metadata() {
        return header.metadata();
    }

    @Override
    public INDArray read(String name) {
        TensorInfo info = header.tensors().get(name);
        if (info == null) {
            throw new BadInputException("there is no tensor \"" + name + "\" in " + file + "; it has "
                    + header.tensors().size() + " others: is it the right file?");
        }
        if (info.length() == 0) {
            return Nd4j.create(info.type().inMemory(), info.shape());
        }
        INDArray array = Nd4j.createUninitialized(info.type().inMemory(), info.shape(), 'c');
        try {
            fill(array, info);
            return array;
        } catch (IOException e) {
            array.close();
            throw unreadable(file, e);
        }
    }

    private void fill(INDArray array, TensorInfo info) throws IOException {
        Pointer target = array.data().pointer();
        long start = header.dataStart() + info.begin();
        long bytes = info.end() - info.begin();
        byte[] buffer = new byte[(int) Math.min(PIECE_BYTES, bytes)];
        for (long done = 0; done < bytes; done += PIECE_BYTES) {
            int length = (int) Math.min(PIECE_BYTES, bytes - done);
            ByteBuffer piece = SafetensorsHeader.readFully(channel, start + done, ByteBuffer.wrap(buffer, 0, length));
            if (info.type().isHalfWidth()) {
                float[] wide = widen(piece, info.type());
                new FloatPointer(target).position(done / 2).put(wide, 0, wide.length);
            } else {
                if (info.type() == TensorType.BOOL) {
                    requireBooleans(piece, info);
                }
                // Same width and, on every platform ND4J runs on, same byte order: the bytes go as they are.
                new BytePointer(target).position(done).put(buffer, 0, length);
            }
        }
    }

    private static float[] widen(ByteBuffer piece, TensorType type) {
        float[] wide = new float[piece.remaining() / 2];
        for (int i = 0; i < wide.length; i++) {
            short bits = piece.getShort();
            wide[i] = type == TensorType.F16 ? HalfFloats.f16ToFloat(bits) : HalfFloats.bf16ToFloat(bits);
        }
        return wide;
    }

    private void requireBooleans(ByteBuffer piece, TensorInfo info) {
        for (int i = 0; i < piece.limit(); i++) {
            if ((piece.get(i) & ~1) != 0) {
                throw new BadInputException(file + " is damaged: tensor \"" + info.name()
                        + "\" is BOOL but holds bytes other than 0 and 1; fetch or write the file again");
            }
        }
    }

    @Override
    public void close() {
        closeQuietly(channel);
    }

    private static void closeQuietly(FileChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            // Closing a file that was only read loses nothing.
        }
    }

    private static BadInputException unreadable(Path file, IOException e) {
        return new BadInputException("cannot read " + file + " (" + e.getMessage() + "); fetch the file again", e);
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
