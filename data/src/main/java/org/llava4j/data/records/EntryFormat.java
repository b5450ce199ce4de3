package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;

/** How a file holds entries: where each lies, and what its bytes say. */
interface EntryFormat {
    /** Adds every entry of a file to its index, in one pass. */
    void scan(InputStream in, EntryIndex index) throws IOException;

    /**
     * One entry as an object.
     *
     * @param number of the entry in its file, from 0
     */
    JsonNode parse(int number, byte[] bytes) throws IOException;
}
