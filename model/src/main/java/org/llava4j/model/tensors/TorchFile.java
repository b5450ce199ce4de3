package org.llava4j.model.tensors;

import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.tensors.torch.StorageType;
import org.llava4j.model.tensors.torch.TorchArchive;
import org.llava4j.model.tensors.torch.TorchTensor;

/**
 * PyTorch checkpoint file ({@code .bin}, {@code .pt}) with a flat dictionary of tensors, open for reading: the format
 * of {@code torch.save(model.state_dict(), ..)} since PyTorch 1.6. The content is listed and validated when the file is
 * opened, tensors are read on demand. No code of the pickle is ever executed.
 */
public final class TorchFile extends TensorFile {
    private final SortedMap<String, TorchTensor> stored;

    private TorchFile(TensorBytes bytes, SortedMap<String, TorchTensor> stored) {
        super(bytes, infos(stored));
        this.stored = stored;
    }

    private static SortedMap<String, TensorInfo> infos(SortedMap<String, TorchTensor> stored) {
        SortedMap<String, TensorInfo> infos = new TreeMap<>();
        stored.forEach((name, tensor) -> infos.put(name, new TensorInfo(name, typeOf(tensor.type()), tensor.shape())));
        return infos;
    }

    /**
     * Opens a file and validates everything except the values.
     *
     * @throws org.llava4j.data.BadInputException if the file does not exist, is damaged, or contains anything other
     *     than a flat dictionary of tensors
     */
    public static TorchFile open(Path file) {
        return TensorBytes.open(
                file, "PyTorch", bytes -> new TorchFile(bytes, TorchArchive.read(bytes.channel(), file)));
    }

    private static TensorType typeOf(StorageType type) {
        return switch (type) {
            case DOUBLE -> TensorType.F64;
            case FLOAT -> TensorType.F32;
            case HALF -> TensorType.F16;
            case BFLOAT16 -> TensorType.BF16;
            case LONG -> TensorType.I64;
            case INT -> TensorType.I32;
            case SHORT -> TensorType.I16;
            case CHAR -> TensorType.I8;
            case BYTE -> TensorType.U8;
            case BOOL -> TensorType.BOOL;
        };
    }

    /** Always empty: the format has no metadata. */
    @Override
    public Map<String, String> metadata() {
        return Map.of();
    }

    @Override
    long start(TensorInfo info) {
        return stored(info).start();
    }

    @Override
    @Nullable
    StridedBytes layout(TensorInfo info) {
        TorchTensor tensor = stored(info);
        return StridedBytes.isContiguous(tensor.shape(), tensor.strides())
                ? null
                : new StridedBytes(info, tensor.strides(), tensor.start(), tensor.limit());
    }

    private TorchTensor stored(TensorInfo info) {
        return Objects.requireNonNull(stored.get(info.name()));
    }
}
