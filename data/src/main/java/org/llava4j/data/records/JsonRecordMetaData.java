package org.llava4j.data.records;

import java.net.URI;
import org.datavec.api.records.metadata.RecordMetaData;

/**
 * Where a record came from.
 *
 * @param uri the file
 * @param index which of the file's entries it is, from 0
 * @param offset its first byte in the file
 * @param readerClass what read it
 */
public record JsonRecordMetaData(URI uri, int index, long offset, Class<?> readerClass) implements RecordMetaData {
    @Override
    public String getLocation() {
        return uri + ", entry " + index + " at byte " + offset;
    }

    @Override
    public URI getURI() {
        return uri;
    }

    @Override
    public Class<?> getReaderClass() {
        return readerClass;
    }
}
