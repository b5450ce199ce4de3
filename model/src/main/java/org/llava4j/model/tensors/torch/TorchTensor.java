package org.llava4j.model.tensors.torch;

/**
 * Tensor of a PyTorch file, whose elements all lie inside its storage.
 *
 * @param type element type
 * @param shape sizes of the axes
 * @param strides distance between neighbors on each axis, in elements; not negative
 * @param start file offset of the first element
 * @param limit file offset of the end of the storage
 */
@SuppressWarnings("ArrayRecordComponent") // copied when passed out, never compared
public record TorchTensor(StorageType type, long[] shape, long[] strides, long start, long limit) {

    @Override
    public long[] shape() {
        return shape.clone();
    }

    @Override
    public long[] strides() {
        return strides.clone();
    }
}
