package org.llava4j.model.tensors.torch;

/**
 * Entry of a zip.
 *
 * @param name path in the zip
 * @param headerStart file offset of the local header
 * @param start file offset of the data
 * @param size size of the data in bytes
 */
record ZipEntry(String name, long headerStart, long start, long size) {
    long end() {
        return start + size;
    }
}
