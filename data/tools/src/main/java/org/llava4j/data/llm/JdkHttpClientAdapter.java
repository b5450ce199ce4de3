package org.llava4j.data.llm;

import dev.langchain4j.http.client.HttpClient;
import dev.langchain4j.http.client.HttpClientBuilder;
import dev.langchain4j.http.client.HttpRequest;
import dev.langchain4j.http.client.SuccessfulHttpResponse;
import dev.langchain4j.http.client.sse.ServerSentEventListener;
import dev.langchain4j.http.client.sse.ServerSentEventParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Adapter of the JDK's HTTP client for LangChain4j. LangChain4j's own adapter drops the headers of an error response,
 * and with them {@code Retry-After}, its timeout covers the headers only, so that it waits forever for a body that
 * never ends, and it reads a body of any size.
 */
final class JdkHttpClientAdapter implements HttpClient {
    /** Bytes of a response. Answers have kilobytes; only a broken endpoint sends more than this. */
    private static final int MAX_BODY_BYTES = 64 << 20;

    private final java.net.http.HttpClient client;
    private final Duration timeout;

    private JdkHttpClientAdapter(Duration connectTimeout, Duration timeout) {
        this.timeout = timeout;
        client = java.net.http.HttpClient.newBuilder()
                .version(java.net.http.HttpClient.Version.HTTP_1_1)
                .connectTimeout(connectTimeout)
                .build();
    }

    /** Builder with the timeouts that LangChain4j sets. */
    static final class Builder implements HttpClientBuilder {
        private Duration connect = Duration.ofSeconds(15);
        private Duration read = Duration.ofSeconds(60);

        @Override
        public Duration connectTimeout() {
            return connect;
        }

        @Override
        public HttpClientBuilder connectTimeout(Duration timeout) {
            connect = timeout;
            return this;
        }

        @Override
        public Duration readTimeout() {
            return read;
        }

        @Override
        public HttpClientBuilder readTimeout(Duration timeout) {
            read = timeout;
            return this;
        }

        @Override
        public HttpClient build() {
            return new JdkHttpClientAdapter(connect, read);
        }
    }

    @Override
    public SuccessfulHttpResponse execute(HttpRequest request) {
        HttpResponse<byte[]> response = send(request);
        if (response.statusCode() / 100 != 2) {
            throw new HttpStatusException(
                    response.statusCode(),
                    new String(response.body(), StandardCharsets.UTF_8),
                    RetryAfter.of(response.headers(), Instant.now()));
        }
        String error = ErrorBody.insteadOfChoices(response.body());
        if (error != null) {
            throw new UncheckedIOException(new ErrorResponseException(error));
        }
        return SuccessfulHttpResponse.builder()
                .statusCode(response.statusCode())
                .headers(response.headers().map())
                .body(response.body())
                .build();
    }

    private HttpResponse<byte[]> send(HttpRequest request) {
        java.net.http.HttpRequest.Builder builder = java.net.http.HttpRequest.newBuilder(URI.create(request.url()))
                .method(request.method().name(), java.net.http.HttpRequest.BodyPublishers.ofString(request.body()));
        request.headers().forEach((name, values) -> values.forEach(value -> builder.header(name, value)));
        CompletableFuture<HttpResponse<byte[]>> response =
                client.sendAsync(builder.build(), info -> new LimitedBody(MAX_BODY_BYTES));
        try {
            return response.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new UncheckedIOException(
                    new HttpTimeoutException("no complete answer within " + timeout.toMillis() / 1000.0 + " s"));
        } catch (ExecutionException e) {
            throw new UncheckedIOException(e.getCause() instanceof IOException io ? io : new IOException(e.getCause()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new java.io.InterruptedIOException("interrupted"));
        } finally {
            response.cancel(true); // cancels the exchange if it has not ended
        }
    }

    @Override
    public void execute(HttpRequest request, ServerSentEventParser parser, ServerSentEventListener listener) {
        throw new UnsupportedOperationException("streaming is not supported");
    }
}
