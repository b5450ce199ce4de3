package org.llava4j.data.tensors.torch;

/** What a pickle says of one tensor; nothing of it is checked against the storage yet. Numbers are from 0. */
@SuppressWarnings("ArrayRecordComponent") // made once, never compared
record PickledTensor(Storage storage, long offset, long[] shape, long[] strides) {

    /** What a pickle says of one storage: the entry {@code data/<key>} of the zip. */
    record Storage(StorageType type, String key, long length) {}
}
