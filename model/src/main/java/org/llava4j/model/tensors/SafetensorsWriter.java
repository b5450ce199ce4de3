package org.llava4j.model.tensors;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.llava4j.data.AtomicFile;
import org.llava4j.model.memory.NativeArray;
import org.nd4j.common.util.ArrayUtil;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Safetensors file writer. Output is deterministic: wider dtypes come first, then tensors are ordered by name, which
 * also keeps every tensor aligned for memory-mapped reading.
 */
public final class SafetensorsWriter {
    private static final int CHUNK_ELEMENTS = 1 << 18;
    private static final int HEADER_ALIGNMENT = 8;
    /** Metadata that {@code transformers} requires. */
    private static final Map<String, String> METADATA = Map.of("format", "pt");

    private SafetensorsWriter() {}

    /** Writes arrays in the dtypes that match their own (FLOAT as F32, BFLOAT16 as BF16, and so on). */
    public static void write(Path file, Map<String, INDArray> tensors) {
        List<LazyTensor> outgoing = new ArrayList<>();
        tensors.forEach((name, array) -> outgoing.add(LazyTensor.of(name, TensorType.of(array.dataType()), array)));
        write(file, outgoing);
    }

    /**
     * Writes arrays in the given dtypes.
     *
     * @param typeOf dtype by tensor name
     */
    public static void write(Path file, Map<String, INDArray> tensors, Function<String, TensorType> typeOf) {
        List<LazyTensor> outgoing = new ArrayList<>();
        tensors.forEach((name, array) -> {
            TensorType type = typeOf.apply(name);
            requireConvertible(name, array, type);
            outgoing.add(LazyTensor.of(name, type, array));
        });
        write(file, outgoing);
    }

    /**
     * Writes {@code file} atomically. The values of the tensors are requested once each, one after the other.
     *
     * @param tensors each array in its own dtype, or FLOAT, HALF and BFLOAT16 arrays as any of F32, F16 and BF16;
     *     narrowing rounds to nearest, ties to even
     * @throws IllegalArgumentException if an array cannot be written in its dtype
     * @throws org.llava4j.data.BadInputException if the file cannot be written, or a value overflows in a narrower
     *     dtype ({@link LazyTensor#allowingOverflow})
     */
    public static void write(Path file, Collection<LazyTensor> tensors) {
        write(file, tensors, Map.of());
    }

    /**
     * As {@link #write(Path, Collection)}, with metadata.
     *
     * @param metadata strings to store in addition to {@code format}
     */
    static void write(Path file, Collection<LazyTensor> tensors, Map<String, String> metadata) {
        if (tensors.stream().map(LazyTensor::name).distinct().count() != tensors.size()) {
            throw new IllegalArgumentException("duplicate tensor name in " + file);
        }
        List<LazyTensor> ordered = new ArrayList<>(tensors);
        ordered.sort(Comparator.comparing(
                        (LazyTensor tensor) -> -tensor.info().type().bytes())
                .thenComparing(LazyTensor::name));
        byte[] header = header(layout(ordered), metadata);
        AtomicFile.write(file, channel -> {
            ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            writeFully(channel, length.putLong(header.length).flip());
            writeFully(channel, ByteBuffer.wrap(header));
            for (LazyTensor tensor : ordered) {
                write(channel, tensor);
            }
        });
    }

    private static List<SafetensorsEntry> layout(List<LazyTensor> tensors) {
        List<SafetensorsEntry> layout = new ArrayList<>();
        long begin = 0;
        for (LazyTensor tensor : tensors) {
            long end = begin + tensor.info().bytes();
            layout.add(new SafetensorsEntry(tensor.info(), begin, end));
            begin = end;
        }
        return layout;
    }

    private static void requireConvertible(String name, INDArray array, TensorType type) {
        TensorType own = TensorType.of(array.dataType());
        if (type != own && !(type.isFloat() && own.isFloat())) {
            throw new IllegalArgumentException(
                    "tensor \"" + name + "\" is " + array.dataType() + " and cannot be written as " + type);
        }
    }

    private static byte[] header(List<SafetensorsEntry> layout, Map<String, String> metadata) {
        JsonMapper mapper = new JsonMapper();
        ObjectNode root = mapper.createObjectNode();
        ObjectNode strings = root.putObject("__metadata__");
        METADATA.forEach(strings::put);
        new TreeMap<>(metadata).forEach(strings::put);
        for (SafetensorsEntry entry : layout) {
            TensorInfo info = entry.tensor();
            ObjectNode node =
                    root.putObject(info.name()).put("dtype", info.type().name());
            var shape = node.putArray("shape");
            for (long size : info.shape()) {
                shape.add(size);
            }
            node.putArray("data_offsets").add(entry.begin()).add(entry.end());
        }
        try {
            byte[] json = mapper.writeValueAsString(root).getBytes(StandardCharsets.UTF_8);
            int padded = (json.length + HEADER_ALIGNMENT - 1) / HEADER_ALIGNMENT * HEADER_ALIGNMENT;
            byte[] header = Arrays.copyOf(json, padded);
            Arrays.fill(header, json.length, padded, (byte) ' ');
            return header;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot serialize the header", e);
        }
    }

    private static void write(FileChannel channel, LazyTensor tensor) throws IOException {
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

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
