package org.llava4j.model.tensors;

import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/**
 * Safetensors file, open for reading. The header is read and validated when it is opened, tensors are read on demand.
 */
public final class SafetensorsFile extends TensorFile {
    private final SafetensorsHeader header;

    private SafetensorsFile(TensorBytes bytes, SafetensorsHeader header) {
        super(bytes, header.tensors());
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
    public Map<String, String> metadata() {
        return header.metadata();
    }

    @Override
    long start(TensorInfo info) {
        return Objects.requireNonNull(header.starts().get(info.name()));
    }
}
