package org.llava4j.model.tensors;

import java.util.Collections;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** One file of tensors, open for reading. The format of the file gives the tensors and where they are. */
abstract class TensorFile implements TensorStore {
    private final TensorBytes bytes;
    private final SortedMap<String, TensorInfo> tensors;

    TensorFile(TensorBytes bytes, SortedMap<String, TensorInfo> tensors) {
        this.bytes = bytes;
        this.tensors = Collections.unmodifiableSortedMap(tensors);
    }

    /** File offset of a tensor's first element. */
    abstract long start(TensorInfo info);

    /** The layout of a tensor's elements; null if they are contiguous, in C order. */
    @Nullable
    StridedBytes layout(TensorInfo info) {
        return null;
    }

    @Override
    public SortedMap<String, TensorInfo> tensors() {
        return tensors;
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

    private INDArray read(TensorInfo info, DataType type) {
        StridedBytes layout = layout(info);
        return layout == null ? bytes.read(info, type, start(info)) : bytes.read(info, type, layout);
    }

    @Override
    public @Nullable INDArray map(String name, DataType type) {
        TensorInfo info = info(name);
        return info.type().exactType() == type && layout(info) == null ? bytes.map(info, start(info)) : null;
    }

    private TensorInfo info(String name) {
        TensorInfo info = tensors.get(name);
        if (info == null) {
            throw bytes.missing(name, tensors.size());
        }
        return info;
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
