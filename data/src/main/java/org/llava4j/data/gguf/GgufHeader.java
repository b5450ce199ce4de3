package org.llava4j.data.gguf;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FailedDownload;
import org.llava4j.data.FileReadError;

/**
 * Header of a GGUF file of version 2 or 3: metadata and the list of tensors. Where tensors are and which types they have is
 * not checked here.
 *
 * @param file the file
 * @param metadata typed metadata
 * @param tensors in the order of the file, with distinct names
 * @param dataStart file offset that the offsets of tensors are relative to
 */
public record GgufHeader(Path file, GgufMetadata metadata, List<GgufTensor> tensors, long dataStart) {
    /** Key of the alignment of tensors in bytes. */
    public static final String ALIGNMENT = "general.alignment";

    /** The alignment of a file without {@link #ALIGNMENT}. */
    public static final int DEFAULT_ALIGNMENT = 32;

    private static final byte[] MAGIC = {'G', 'G', 'U', 'F'};
    private static final int MAGIC_NUMBER = 0x46554747;
    private static final int VERSION = 3;
    private static final int MAX_ALIGNMENT = 1 << 20;
    private static final int MAX_AXES = 4;
    /** Limit of an array: the largest vocabulary that is supported. */
    private static final int MAX_ELEMENTS = 1 << 22;

    private static final int MAX_NAME_CHARS = 128;
    private static final RecentHeaders RECENT = new RecentHeaders();
    private static final String COUNT = "the number of ";

    /** Whether a path is a file that begins like a GGUF file. */
    public static boolean isGguf(Path path) {
        if (!Files.isRegularFile(path)) {
            return false;
        }
        try (InputStream in = Files.newInputStream(path)) {
            return Arrays.equals(in.readNBytes(MAGIC.length), MAGIC);
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Reads the header of a file.
     *
     * @throws BadInputException if the file cannot be read, is not a GGUF file of a supported version and byte order, or its
     *     header is damaged
     */
    public static GgufHeader read(Path file) {
        FileReadError.requireAccessible(file);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            RecentHeaders.Version version = RecentHeaders.Version.of(file);
            GgufHeader recent = RECENT.get(file, version);
            if (recent != null) {
                return recent;
            }
            FailedDownload.reject(file);
            GgufHeader header = read(channel, file);
            RECENT.put(file, version, header);
            return header;
        } catch (IOException e) {
            throw FileReadError.of(file, e, "download the file again");
        }
    }

    /** As {@link #read(Path)}, of an open file. */
    public static GgufHeader read(FileChannel channel, Path file) throws IOException {
        GgufInput in = new GgufInput(channel, file);
        if (in.int32("the first number") != MAGIC_NUMBER) {
            throw new BadInputException(file + " is not a GGUF file; is it the right file?");
        }
        requireVersion(in.int32("the version"), file);
        int tensorCount = in.count(COUNT + "tensors", minTensorBytes());
        int keyCount = in.count(COUNT + "keys", Long.BYTES + Integer.BYTES + 1);
        Map<String, Object> values = new LinkedHashMap<>();
        for (int i = 0; i < keyCount; i++) {
            String key = in.string("the name of key " + i);
            String what = quoted(key);
            if (values.put(key, value(in, what)) != null) {
                throw in.error("the key " + what + " exists twice");
            }
        }
        List<GgufTensor> tensors = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (int i = 0; i < tensorCount; i++) {
            GgufTensor tensor = tensor(in, i);
            if (!names.add(tensor.name())) {
                throw in.error("the tensor " + quoted(tensor.name()) + " exists twice");
            }
            tensors.add(tensor);
        }
        GgufMetadata metadata = new GgufMetadata(file, values);
        int alignment = alignment(metadata);
        return new GgufHeader(file, metadata, Collections.unmodifiableList(tensors), aligned(in.position(), alignment));
    }

    /**
     * Encodes a header of version 3 with the {@linkplain #DEFAULT_ALIGNMENT default alignment}, padded to it, so that the
     * data of the first tensor follows.
     *
     * @param tensors with aligned offsets
     */
    public static byte[] bytes(GgufMetadataBuilder metadata, List<GgufTensor> tensors) {
        GgufOutput out =
                new GgufOutput().raw(MAGIC).int32(VERSION).int64(tensors.size()).int64(metadata.size());
        metadata.writeTo(out);
        for (GgufTensor tensor : tensors) {
            long[] shape = tensor.shape();
            out.string(tensor.name()).int32(shape.length);
            for (int axis = shape.length - 1; axis >= 0; axis--) {
                out.int64(shape[axis]);
            }
            out.int32(tensor.type()).int64(tensor.offset());
        }
        return out.raw(new byte[(int) (aligned(out.size()) - out.size())]).toByteArray();
    }

    /** Rounds a size in bytes up to the default alignment. */
    public static long aligned(long size) {
        return aligned(size, DEFAULT_ALIGNMENT);
    }

    private static long aligned(long size, int alignment) {
        return (size + alignment - 1) / alignment * alignment;
    }

    private static void requireVersion(int version, Path file) {
        if (version == 2 || version == 3) {
            return;
        }
        if (version == Integer.reverseBytes(2) || version == Integer.reverseBytes(3)) {
            throw new BadInputException(file + " is a big-endian GGUF file; convert the model to a little-endian one");
        }
        throw new BadInputException(file + " has version " + Integer.toUnsignedString(version)
                + " of GGUF; supported are 2 and 3; convert the model again");
    }

    /** Name length, axes, type and offset. */
    private static int minTensorBytes() {
        return Long.BYTES + Integer.BYTES + Integer.BYTES + Long.BYTES;
    }

    private static Object value(GgufInput in, String what) throws IOException {
        GgufValueType type = type(in, what);
        if (type != GgufValueType.ARRAY) {
            return in.scalar(type, what);
        }
        GgufValueType elements = type(in, what);
        if (elements == GgufValueType.ARRAY) {
            throw in.error(what + " is an array of arrays, which no model needs");
        }
        int count = in.count(what, elements.minBytes());
        if (count > MAX_ELEMENTS) {
            throw in.error(what + " is an array of " + count + " elements; supported are " + MAX_ELEMENTS);
        }
        List<Object> list = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            list.add(in.scalar(elements, what));
        }
        return Collections.unmodifiableList(list);
    }

    private static GgufValueType type(GgufInput in, String what) throws IOException {
        int number = in.int32(what);
        GgufValueType[] types = GgufValueType.values();
        if (number < 0 || number >= types.length) {
            throw in.error(what + " has the unknown type " + Integer.toUnsignedString(number));
        }
        return types[number];
    }

    private static GgufTensor tensor(GgufInput in, int index) throws IOException {
        String name = in.string("the name of tensor " + index);
        String what = "tensor " + quoted(name);
        if (name.isEmpty() || name.length() > MAX_NAME_CHARS) {
            throw in.error(what + " has a name of " + name.length() + " characters");
        }
        int axes = in.int32(what);
        if (axes < 1 || axes > MAX_AXES) {
            throw in.error(what + " has " + Integer.toUnsignedString(axes) + " axes; supported are 1 to " + MAX_AXES);
        }
        long[] shape = new long[axes];
        long length = 1;
        for (int axis = axes - 1; axis >= 0; axis--) {
            shape[axis] = in.int64(what);
            if (shape[axis] < 1) {
                throw in.error(what + " has an axis of " + Long.toUnsignedString(shape[axis]) + " elements");
            }
            try {
                length = Math.multiplyExact(length, shape[axis]);
            } catch (ArithmeticException e) {
                throw in.error(what + " has more elements than 64 bits can count");
            }
        }
        int type = in.int32(what);
        long offset = in.int64(what);
        if (offset < 0) {
            throw in.error(what + " begins at " + Long.toUnsignedString(offset) + ", outside the file");
        }
        return new GgufTensor(name, type, shape, offset);
    }

    /** The alignment of tensors in bytes. */
    public int alignment() {
        return alignment(metadata);
    }

    private static int alignment(GgufMetadata metadata) {
        int alignment = metadata.integer(ALIGNMENT, DEFAULT_ALIGNMENT);
        if (alignment < 1 || alignment > MAX_ALIGNMENT || Integer.bitCount(alignment) != 1) {
            throw metadata.error(ALIGNMENT, "is " + alignment + " but must be a power of two up to " + MAX_ALIGNMENT);
        }
        return alignment;
    }

    /** A name in a message: one line, and not longer than the message needs. */
    private static String quoted(String name) {
        String line = name.lines().findFirst().orElse("");
        return "\"" + (line.length() > MAX_NAME_CHARS ? line.substring(0, MAX_NAME_CHARS) + "..." : line) + "\"";
    }
}
