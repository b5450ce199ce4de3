package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.JsonInput;

/** An HTTP request and its response. */
final class Exchange {
    /**
     * Maximum number of bytes read from a rejected request. Reading the rest of the body lets the client see the
     * response.
     */
    private static final int MAX_DRAIN_BYTES = 16 << 20;

    private static final Duration MAX_DRAIN_TIME = Duration.ofSeconds(2);
    private static final JsonMapper JSON = new JsonMapper();
    private static final int BUFFER_BYTES = 1 << 14;

    private final Request request;
    private final Response response;
    private boolean bodyRead;

    Exchange(Request request, Response response) {
        this.request = request;
        this.response = response;
    }

    String method() {
        return request.getMethod();
    }

    String path() {
        return request.getHttpURI().getDecodedPath();
    }

    /** The value of a request header, or null if the request has none. */
    @Nullable
    String header(String name) {
        return request.getHeaders().get(name);
    }

    boolean isCommitted() {
        return response.isCommitted();
    }

    int status() {
        return response.getStatus();
    }

    /**
     * Reads the whole body as JSON.
     *
     * @throws ApiException if it is not JSON, too large, or not received in time
     */
    JsonNode json(int maxBytes, Duration timeout, RequestMemoryBudget.Reservation memory) throws IOException {
        String type = header("Content-Type");
        if (type == null || !type.toLowerCase(Locale.ROOT).startsWith("application/json")) {
            throw new ApiException(
                    415, "invalid_request_error", null, null, "the body must be sent as application/json");
        }
        byte[] body = body(maxBytes, timeout, memory);
        try {
            return JsonInput.tree(body);
        } catch (IOException e) {
            throw ApiException.badRequest(
                    null, JsonInput.parseError("the body", 0, e).getMessage());
        }
    }

    private byte[] body(int maxBytes, Duration timeout, RequestMemoryBudget.Reservation memory) throws IOException {
        ApiException tooLarge = new ApiException(
                413,
                "invalid_request_error",
                null,
                "request_too_large",
                "the body has more than " + maxBytes + " bytes; send smaller images");
        if (request.getLength() > maxBytes) {
            throw tooLarge;
        }
        long deadline = System.nanoTime() + timeout.toNanos();
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        byte[] buffer = new byte[BUFFER_BYTES];
        InputStream in = Content.Source.asInputStream(request);
        try {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                body.write(buffer, 0, read);
                if (body.size() > maxBytes) {
                    throw tooLarge;
                }
                memory.growTo(body.size());
                if (System.nanoTime() > deadline) {
                    throw timedOut(timeout);
                }
            }
        } catch (IOException e) {
            if (e.getCause() instanceof TimeoutException) {
                throw timedOut(timeout);
            }
            throw e;
        }
        bodyRead = true;
        return body.toByteArray();
    }

    private static ApiException timedOut(Duration timeout) {
        return new ApiException(
                408,
                "timeout_error",
                null,
                "request_timeout",
                "the body was not received within " + timeout.toSeconds() + " s");
    }

    void header(String name, String value) {
        response.getHeaders().put(name, value);
    }

    void send(int status, JsonNode body) throws IOException {
        send(status, "application/json", JSON.writeValueAsBytes(body));
    }

    void sendNoContent() throws IOException {
        response.setStatus(204);
        Content.Sink.asOutputStream(response).close();
    }

    void send(ApiException error) throws IOException {
        if (!bodyRead) {
            header(HttpHeader.CONNECTION.asString(), "close");
        }
        send(error.status(), error(error));
        drain();
    }

    static ObjectNode error(ApiException error) {
        ObjectNode body = JSON.createObjectNode();
        body.putObject("error")
                .put("message", error.getMessage())
                .put("type", error.type())
                .put("param", error.parameter())
                .put("code", error.code());
        return body;
    }

    void send(int status, String type, byte[] body) throws IOException {
        response.setStatus(status);
        header("Content-Type", type);
        header("Content-Length", String.valueOf(body.length));
        try (OutputStream out = Content.Sink.asOutputStream(response)) {
            if (!method().equals("HEAD")) {
                out.write(body);
            }
        }
    }

    private void drain() {
        long deadline = System.nanoTime() + MAX_DRAIN_TIME.toNanos();
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream in = Content.Source.asInputStream(request)) {
            long drained = 0;
            while (!bodyRead && drained < MAX_DRAIN_BYTES && System.nanoTime() < deadline) {
                int read = in.read(buffer);
                if (read < 0) {
                    break;
                }
                drained += read;
            }
        } catch (IOException e) {
            // The client is disconnected.
        }
    }

    /** Starts a stream of server-sent events. */
    ServerSentEvents events() {
        response.setStatus(200);
        header("Content-Type", "text/event-stream; charset=utf-8");
        header("Cache-Control", "no-store");
        header("X-Accel-Buffering", "no");
        return new ServerSentEvents(Content.Sink.asOutputStream(response));
    }

    /** Stream of server-sent events; each is flushed before its call returns. */
    static final class ServerSentEvents implements AutoCloseable {
        private final OutputStream out;

        private ServerSentEvents(OutputStream out) {
            this.out = out;
        }

        void send(JsonNode data) throws IOException {
            send(JSON.writeValueAsString(data));
        }

        void send(String data) throws IOException {
            out.write(("data: " + data + "\n\n").getBytes(StandardCharsets.UTF_8));
            out.flush();
        }

        /** Sends an event with a type. */
        void send(String type, JsonNode data) throws IOException {
            out.write(("event: " + type + "\n").getBytes(StandardCharsets.UTF_8));
            send(data);
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }

    /**
     * Whether the client has closed its connection, or has sent its next request without waiting for this response. The
     * check consumes a byte of such a request. Requires that the body has been read.
     */
    boolean isClientDisconnected() {
        Object channel =
                request.getConnectionMetaData().getConnection().getEndPoint().getTransport();
        try {
            return channel instanceof SocketChannel socket && socket.read(ByteBuffer.allocate(1)) != 0;
        } catch (IOException e) {
            return true;
        }
    }
}
