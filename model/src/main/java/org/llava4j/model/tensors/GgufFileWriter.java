package org.llava4j.model.tensors;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.gguf.GgufHeader;
import org.llava4j.data.gguf.GgufMetadataBuilder;
import org.llava4j.data.gguf.GgufTensor;

/**
 * Writer of GGUF files of version 3, the inverse of {@link GgufFile}: a weight {@code [N, K]} in blocks is given as
 * {@code U8[N, K / blockSize, typeSize]}. Output is deterministic.
 */
public final class GgufFileWriter {
    private GgufFileWriter() {}

    /**
     * Writes {@code file} atomically. The values of the tensors are requested once each, one after the other.
     *
     * @param tensors with the names of llama.cpp, in the order of the file; F32, F16, BF16 or blocks
     * @throws org.llava4j.data.BadInputException if the file cannot be written, or a value overflows in a narrower
     *     dtype ({@link LazyTensor#allowingOverflow})
     */
    public static void write(Path file, GgufMetadataBuilder metadata, Collection<LazyTensor> tensors) {
        byte[] header = GgufHeader.bytes(metadata, layout(tensors));
        AtomicFile.write(file, channel -> {
            TensorWriter.writeFully(channel, ByteBuffer.wrap(header));
            for (LazyTensor tensor : tensors) {
                TensorWriter.write(channel, tensor);
                long size = tensor.info().bytes();
                TensorWriter.writeFully(channel, ByteBuffer.allocate((int) (GgufHeader.aligned(size) - size)));
            }
        });
    }

    private static List<GgufTensor> layout(Collection<LazyTensor> tensors) {
        List<GgufTensor> layout = new ArrayList<>();
        long offset = 0;
        for (LazyTensor tensor : tensors) {
            GgmlType type = GgmlType.of(tensor.info());
            long[] shape = tensor.info().shape();
            layout.add(new GgufTensor(
                    tensor.name(),
                    type.number(),
                    type.hasBlocks() ? new long[] {shape[0], shape[1] * type.blockSize()} : shape,
                    offset));
            offset += GgufHeader.aligned(tensor.info().bytes());
        }
        return layout;
    }
}
