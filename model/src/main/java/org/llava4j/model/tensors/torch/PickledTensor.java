package org.llava4j.model.tensors.torch;

/**
 * Tensor as described by a pickle, not yet checked against its storage. Numbers are not negative.
 *
 * @param storage the storage that contains the elements
 * @param offset index of the first element in the storage
 * @param shape sizes of the axes
 * @param strides distance between neighbors on each axis, in elements
 */
@SuppressWarnings("ArrayRecordComponent") // never compared or modified
record PickledTensor(Storage storage, long offset, long[] shape, long[] strides) {

    /**
     * Storage as described by a pickle.
     *
     * @param type element type
     * @param key name of the zip entry {@code data/<key>}
     * @param length number of elements
     */
    record Storage(StorageType type, String key, long length) {}
}
