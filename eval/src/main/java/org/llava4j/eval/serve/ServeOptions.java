package org.llava4j.eval.serve;

import java.time.Duration;
import java.util.Optional;

/**
 * How a server treats its clients.
 *
 * @param host address to listen on
 * @param port 0 for any free one
 * @param apiKey what {@code Authorization: Bearer} must bring
 * @param modelId what the model is called
 * @param maxBodyBytes of a request
 * @param maxPixels of a picture, before it is decoded
 * @param maxImages of a request
 * @param maxConcurrentRequests answers given side by side
 * @param queue requests that may wait beside them
 * @param timeout until an answer must be whole
 * @param bodyTimeout until a request must be read
 * @param maxNewTokens longest answer, and the length where a request names none
 * @param allowRemoteImages whether {@code http} and {@code https} addresses of pictures are fetched
 * @param specialTokensInText whether special tokens in messages become tokens instead of ordinary text
 */
record ServeOptions(
        String host,
        int port,
        Optional<String> apiKey,
        String modelId,
        int maxBodyBytes,
        long maxPixels,
        int maxImages,
        int maxConcurrentRequests,
        int queue,
        Duration timeout,
        Duration bodyTimeout,
        int maxNewTokens,
        boolean allowRemoteImages,
        boolean specialTokensInText) {

    /** @throws ApiException 404 if the server's model has another id */
    void requireModel(String id) {
        if (!id.equals(modelId)) {
            throw new ApiException(
                    404,
                    "invalid_request_error",
                    "model",
                    "model_not_found",
                    "there is no model '" + id + "'; this server has '" + modelId + "'");
        }
    }
}
