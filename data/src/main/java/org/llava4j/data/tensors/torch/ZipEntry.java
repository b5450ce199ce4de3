package org.llava4j.data.tensors.torch;

/**
 * One file in a zip.
 *
 * @param headerStart where its local header begins
 * @param start where its bytes begin
 * @param size how many they are
 */
record ZipEntry(String name, long headerStart, long start, long size) {
    long end() {
        return start + size;
    }
}
