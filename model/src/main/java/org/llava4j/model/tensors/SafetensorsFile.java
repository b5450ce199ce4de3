package org.llava4j.model.tensors;

import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Safetensors file, open for reading. The header is read and validated when it is opened, tensors are read on demand.
 */
public final class SafetensorsFile implements TensorStore {
    private final TensorBytes bytes;
    private final SafetensorsHeader header;

    private SafetensorsFile(TensorBytes bytes, SafetensorsHeader header) {
        this.bytes = bytes;
        this.header = header;
    }

    /**
     * Opens a file and validates its header.
     *
     * @throws org.llava4j.data.BadInputException if the file does not exist, or its header is invalid or inconsistent
     *     with its length
     */
    public static SafetensorsFile open(Path file) {
        return TensorBytes.open(
                file,
                "safetensors",
                bytes -> new SafetensorsFile(bytes, SafetensorsHeader.read(bytes.channel(), file)));
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
        TensorInfo info = info(name);
        return read(info, info.type().inMemory());
    }

    @Override
    public INDArray read(String name, DataType type) {
        TensorInfo info = info(name);
        info.requireFloats(this);
        return read(info, type);
    }

    private TensorInfo info(String name) {
        TensorInfo info = header.tensors().get(name);
        if (info == null) {
            throw bytes.missing(name, header.tensors().size());
        }
        return info;
    }

    private INDArray read(TensorInfo info, DataType type) {
        return bytes.read(info, type, start(info));
    }

    private long start(TensorInfo info) {
        return Objects.requireNonNull(header.starts().get(info.name()));
    }

    @Override
    public @Nullable INDArray map(String name, DataType type) {
        TensorInfo info = info(name);
        return info.type().exactType() == type ? bytes.map(info, start(info)) : null;
    }

    @Override
    public void close() {
        bytes.close();
    }

    @Override
    public String toString() {
        return bytes.toString();
    }
}
