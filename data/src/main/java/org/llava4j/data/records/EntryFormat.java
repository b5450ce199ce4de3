package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;

/** Format of a file of entries: finds the entries and parses them. */
interface EntryFormat {
    /** Adds every entry of a file to its index, in one pass. */
    void scan(InputStream in, EntryIndex index) throws IOException;

    /**
     * Parses an entry.
     *
     * @param number index of the entry in its file
     */
    JsonNode parse(int number, byte[] bytes) throws IOException;
}
