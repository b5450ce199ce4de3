package org.llava4j.model.tensors;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Safetensors file writer. Output is deterministic: wider dtypes come first, then tensors are ordered by name, which
 * also keeps every tensor aligned for memory-mapped reading.
 */
public final class SafetensorsWriter {
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
            TensorWriter.requireConvertible(name, array, type);
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
            TensorWriter.writeFully(channel, length.putLong(header.length).flip());
            TensorWriter.writeFully(channel, ByteBuffer.wrap(header));
            for (LazyTensor tensor : ordered) {
                TensorWriter.write(channel, tensor);
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
}
