package org.llava4j.model.tensors;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.llava4j.data.BadInputException;
import org.llava4j.data.gguf.GgufHeader;
import org.llava4j.data.gguf.GgufMetadata;
import org.llava4j.data.gguf.GgufTensor;

/**
 * GGUF file, open for reading, with the names of llama.cpp. A weight {@code [N, K]} in blocks is listed and read
 * as {@code U8[N, K / blockSize, typeSize]}, the bytes of its blocks.
 */
public final class GgufFile extends TensorFile {
    private final GgufMetadata metadata;
    private final Map<String, Long> starts;

    private GgufFile(
            TensorBytes bytes, GgufMetadata metadata, SortedMap<String, TensorInfo> tensors, Map<String, Long> starts) {
        super(bytes, tensors);
        this.metadata = metadata;
        this.starts = starts;
    }

    /**
     * Opens a file and validates everything except the values.
     *
     * @throws BadInputException if the file does not exist, its header is damaged, or it has tensors of other types, outside
     *     of the file or upon each other
     */
    public static GgufFile open(Path file) {
        return TensorBytes.open(file, "GGUF", bytes -> {
            GgufHeader header = GgufHeader.read(bytes.channel(), file);
            SortedMap<String, TensorInfo> tensors = new TreeMap<>();
            header.tensors().forEach(tensor -> tensors.put(tensor.name(), info(tensor, file)));
            Map<String, Long> starts = new HashMap<>();
            header.tensors().forEach(tensor -> starts.put(tensor.name(), header.dataStart() + tensor.offset()));
            requireApart(header, tensors, bytes.channel().size());
            return new GgufFile(bytes, header.metadata(), tensors, starts);
        });
    }

    private static TensorInfo info(GgufTensor tensor, Path file) {
        GgmlType type = GgmlType.of(tensor.type());
        TensorType elements = type == null ? null : type.elements();
        if (type == null || elements == null) {
            throw new BadInputException("tensor \"" + tensor.name() + "\" in " + file + " has the type "
                    + (type == null ? "number " + Integer.toUnsignedString(tensor.type()) : type)
                    + "; supported are " + GgmlType.supported() + "; use a file of another quantization");
        }
        TensorInfo info = new TensorInfo(
                tensor.name(), elements, type.hasBlocks() ? blockShape(tensor, type, file) : tensor.shape());
        try {
            Math.multiplyExact(info.length(), info.type().bytes());
        } catch (ArithmeticException e) {
            throw damaged(file, tensor, "has more bytes than 64 bits can count");
        }
        return info;
    }

    private static long[] blockShape(GgufTensor tensor, GgmlType type, Path file) {
        long[] shape = tensor.shape();
        if (shape.length != 2 || shape[1] % type.blockSize() != 0) {
            throw damaged(
                    file,
                    tensor,
                    "is " + type + " but not a matrix whose rows are whole blocks of " + type.blockSize() + " values");
        }
        return new long[] {shape[0], shape[1] / type.blockSize(), type.typeSize()};
    }

    private static void requireApart(GgufHeader header, SortedMap<String, TensorInfo> tensors, long fileBytes) {
        int alignment = header.alignment();
        List<GgufTensor> byOffset = new ArrayList<>(header.tensors());
        byOffset.sort(Comparator.comparingLong(GgufTensor::offset));
        long covered = 0;
        for (GgufTensor tensor : byOffset) {
            long size = Objects.requireNonNull(tensors.get(tensor.name())).bytes();
            if (tensor.offset() % alignment != 0) {
                throw damaged(
                        header.file(),
                        tensor,
                        "begins at " + tensor.offset() + ", which is not a multiple of the alignment " + alignment);
            }
            if (tensor.offset() < covered) {
                throw damaged(header.file(), tensor, "overlaps the tensor before it at byte " + tensor.offset());
            }
            if (size > fileBytes - header.dataStart() - tensor.offset()) {
                throw damaged(
                        header.file(),
                        tensor,
                        "has " + size + " bytes from " + tensor.offset()
                                + " but the file ends before: it is truncated");
            }
            covered = tensor.offset() + size;
        }
    }

    private static BadInputException damaged(Path file, GgufTensor tensor, String problem) {
        return new BadInputException(file + " is damaged: tensor \"" + tensor.name() + "\" " + problem
                + "; download or write the file again");
    }

    /** The typed metadata. */
    public GgufMetadata header() {
        return metadata;
    }

    /** Always empty: {@link #header} has the metadata of this format. */
    @Override
    public Map<String, String> metadata() {
        return Map.of();
    }

    @Override
    long start(TensorInfo info) {
        return Objects.requireNonNull(starts.get(info.name()));
    }
}
