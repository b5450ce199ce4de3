package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import org.llava4j.data.JsonInput;

/** The body of a request, and the memory that is reserved for it until it is closed. */
record RequestBody(byte[] bytes, RequestMemoryBudget.Reservation memory) implements AutoCloseable {
    /**
     * Parses the body.
     *
     * @throws ApiException if it is not JSON, or has too many values
     */
    JsonNode json() {
        try {
            return JsonInput.requestTree(bytes);
        } catch (IOException e) {
            throw ApiException.badRequest(
                    null, JsonInput.parseError("the body", 0, e).getMessage());
        }
    }

    @Override
    public void close() {
        memory.close();
    }
}
