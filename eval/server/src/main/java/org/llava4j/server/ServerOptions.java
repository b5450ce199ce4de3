package org.llava4j.server;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Server configuration.
 *
 * @param host address to bind
 * @param port port, 0 for any free one
 * @param apiKey key that {@code Authorization: Bearer} must send; null if requests need none
 * @param modelId model id of the API
 * @param maxBodyBytes maximum size of a request
 * @param maxPixels maximum size of an image, checked before it is decoded
 * @param maxImages maximum number of images per request
 * @param maxConcurrentRequests maximum number of running requests
 * @param maxQueuedRequests maximum number of queued requests
 * @param timeout time limit of an answer
 * @param bodyTimeout time limit of receiving a request
 * @param maxNewTokens maximum number of generated tokens, and the default of a request
 * @param allowRemoteImages whether images are fetched from {@code http} and {@code https} URLs
 * @param specialTokensInText whether special tokens in messages count as tokens instead of ordinary text
 */
public record ServerOptions(
        String host,
        int port,
        @Nullable String apiKey,
        String modelId,
        int maxBodyBytes,
        long maxPixels,
        int maxImages,
        int maxConcurrentRequests,
        int maxQueuedRequests,
        Duration timeout,
        Duration bodyTimeout,
        int maxNewTokens,
        boolean allowRemoteImages,
        boolean specialTokensInText) {

    /**
     * Checks the model id of a request.
     *
     * @throws ApiException 404 if it is not the id of the server's model
     */
    void requireModel(String id) {
        if (!id.equals(modelId)) {
            throw new ApiException(
                    404,
                    "invalid_request_error",
                    "model",
                    "model_not_found",
                    "there is no model '" + id + "'; this server serves '" + modelId + "'");
        }
    }
}
