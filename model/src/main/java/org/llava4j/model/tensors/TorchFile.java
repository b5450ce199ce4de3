package org.llava4j.model.tensors;

import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.tensors.torch.StorageType;
import org.llava4j.model.tensors.torch.TorchArchive;
import org.llava4j.model.tensors.torch.TorchTensor;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * PyTorch checkpoint file ({@code .bin}, {@code .pt}) with a flat dictionary of tensors, open for reading: the format
 * of {@code torch.save(model.state_dict(), ..)} since PyTorch 1.6. The content is listed and validated when the file is
 * opened, tensors are read on demand. No code of the pickle is ever executed.
 */
public final class TorchFile implements TensorStore {
    private final TensorBytes bytes;
    private final SortedMap<String, TorchTensor> stored;
    private final SortedMap<String, TensorInfo> tensors;

    private TorchFile(TensorBytes bytes, SortedMap<String, TorchTensor> stored) {
        this.bytes = bytes;
        this.stored = stored;
        SortedMap<String, TensorInfo> infos = new TreeMap<>();
        stored.forEach((name, tensor) -> infos.put(name, info(name, tensor)));
        this.tensors = Collections.unmodifiableSortedMap(infos);
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

    @Override
    public SortedMap<String, TensorInfo> tensors() {
        return tensors;
    }

    /** Always empty: the format has no metadata. */
    @Override
    public Map<String, String> metadata() {
        return Map.of();
    }

    @Override
    public INDArray read(String name) {
        TorchTensor tensor = stored(name);
        TensorInfo info = info(name, tensor);
        return read(info, tensor, info.type().inMemory());
    }

    @Override
    public INDArray read(String name, DataType type) {
        TorchTensor tensor = stored(name);
        TensorInfo info = info(name, tensor);
        info.requireFloats(this);
        return read(info, tensor, type);
    }

    private TorchTensor stored(String name) {
        TorchTensor tensor = stored.get(name);
        if (tensor == null) {
            throw bytes.missing(name, stored.size());
        }
        return tensor;
    }

    private static TensorInfo info(String name, TorchTensor tensor) {
        return new TensorInfo(name, typeOf(tensor.type()), tensor.shape());
    }

    private INDArray read(TensorInfo info, TorchTensor tensor, DataType type) {
        if (isContiguous(tensor)) {
            return bytes.read(info, type, tensor.start());
        }
        return bytes.read(info, type, new StridedBytes(info, tensor.strides(), tensor.start(), tensor.limit()));
    }

    private static boolean isContiguous(TorchTensor tensor) {
        return StridedBytes.isContiguous(tensor.shape(), tensor.strides());
    }

    @Override
    public @Nullable INDArray map(String name, DataType type) {
        TorchTensor tensor = stored(name);
        TensorInfo info = info(name, tensor);
        return info.type().exactType() == type && isContiguous(tensor) ? bytes.map(info, tensor.start()) : null;
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
