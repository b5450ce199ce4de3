package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.generate.ContextLengthException;
import org.llava4j.model.generate.NonFiniteLogitsException;
import org.llava4j.model.schema.SchemaException;
import org.llava4j.model.schema.TokenLimitException;

/**
 * Handler of the endpoints that generate answers. Limits the number of running and queued requests ({@link
 * RequestPlaces}); each runs on its own request thread.
 */
final class CompletionHandler {
    private final LlavaModel model;
    private final ServerOptions options;
    private final ServerMetrics metrics;
    private final RequestImages images;
    private final RequestMemoryBudget memory;
    private final RequestPlaces places;
    /** Time of {@link System#nanoTime} at which running answers end; null while the server runs. */
    private volatile @Nullable Long endNanos;

    CompletionHandler(
            LlavaModel model,
            ServerOptions options,
            ServerMetrics metrics,
            RequestImages images,
            RequestMemoryBudget memory) {
        this.model = model;
        this.memory = memory;
        this.options = options;
        this.metrics = metrics;
        this.images = images;
        places = new RequestPlaces(options.maxConcurrentRequests(), options.maxQueuedRequests());
    }

    /** Admits requests without a time to end. */
    void start() {
        endNanos = null;
    }

    /** Ends answers that are still running after a grace period with an error. */
    void endAfter(Duration grace) {
        endNanos = System.nanoTime() + grace.toNanos();
    }

    private boolean isEnding() {
        Long end = endNanos;
        return end != null && System.nanoTime() - end >= 0;
    }

    /** Receives the body of a request in the background; see {@link Exchange#receiveBody}. */
    void receive(Exchange exchange, Consumer<RequestBody> onBody) {
        exchange.receiveBody(options, memory.reserve(exchange.client()), onBody);
    }

    /**
     * Generates the answer to a request and sends it.
     *
     * @param body closed when it is parsed
     * @throws ApiException if no answer is produced
     * @throws IOException if the client is disconnected
     */
    void handle(AnswerEndpoint endpoint, Exchange exchange, RequestBody body) throws IOException {
        AnswerRun run = parse(endpoint, exchange, body);
        try {
            run.run();
        } catch (NonFiniteLogitsException e) {
            throw ApiException.nonFiniteLogits(e);
        } catch (ContextLengthException e) {
            throw ApiException.contextLengthExceeded(endpoint.promptField(), e);
        } catch (TokenLimitException e) {
            throw ApiException.badRequest(endpoint.limitField(), e.getMessage());
        } catch (SchemaException e) {
            throw ApiException.badRequest(endpoint.formatField(), e.getMessage());
        } catch (BadInputException e) {
            throw ApiException.badRequest(endpoint.promptField(), e.getMessage());
        } finally {
            metrics.requestFinished();
            run.place().close();
        }
    }

    /** Number of requests that have no first token. */
    int waitingRequests() {
        return places.waiting() + model.waitingRequests();
    }

    /** Parses a request and takes a place for each choice. */
    private AnswerRun parse(AnswerEndpoint endpoint, Exchange exchange, RequestBody body) throws IOException {
        try (body) {
            // Before parsing, which takes memory.
            RequestPlaces.Place place = places.enter(exchange.client());
            metrics.requestStarted();
            RequestWatch watch = new RequestWatch(exchange, options, place, this::isEnding);
            try {
                JsonNode json = body.json();
                AnswerRequest request = endpoint.parse(json, options, model.vocabularySize(), images.of(watch));
                place.addChoices(request.choices() - 1);
                return new AnswerRun(model, metrics, request, request.writer(exchange, options, model), watch, place);
            } catch (RequestWatch.ClientGoneException e) {
                metrics.requestFinished();
                place.close();
                metrics.aborted("client gone");
                throw new IOException(e.getMessage(), e);
            } catch (RuntimeException | Error e) {
                metrics.requestFinished();
                place.close();
                if (e instanceof ApiException error && error.isTimeout()) {
                    metrics.aborted("timeout");
                } else if (place.isDisplaced()) {
                    metrics.aborted("displaced");
                }
                throw e;
            }
        }
    }
}
