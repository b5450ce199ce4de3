package org.llava4j.data.tensors.torch;

/**
 * One tensor of a PyTorch file, all of whose elements lie inside its storage.
 *
 * @param strides how many elements apart neighbours on each axis are; as many as the shape has axes, from 0
 * @param start where in the file its first element is
 * @param limit where in the file its storage ends
 */
@SuppressWarnings("ArrayRecordComponent") // copied on its way out, never compared
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
