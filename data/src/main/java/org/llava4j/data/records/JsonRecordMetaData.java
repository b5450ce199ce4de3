package org.llava4j.data.records;

import java.net.URI;
import org.datavec.api.records.metadata.RecordMetaData;

/**
 * Origin of a record.
 *
 * @param uri the file
 * @param index index of the entry in the file
 * @param offset offset of the entry in bytes
 * @param readerClass class that read it
 */
record JsonRecordMetaData(URI uri, int index, long offset, Class<?> readerClass) implements RecordMetaData {
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
