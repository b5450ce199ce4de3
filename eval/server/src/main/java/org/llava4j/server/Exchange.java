package org.llava4j.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP request and its response. Every exchange ends once: with a response, with a stream of events, or with {@link
 * #abort}. No thread waits while a body or a whole response is on its way. A stalled client blocks the thread of its
 * stream; {@link #closeAfter} limits that time.
 */
final class Exchange {
    private static final JsonMapper JSON = new JsonMapper();

    private final Request request;
    private final Response response;
    private final Callback callback;
    private final ErrorPace pace;
    private boolean bodyRead;
    private Scheduler.@Nullable Task closing;

    /**
     * @param callback receives the end of the exchange
     * @param pace of error responses
     */
    Exchange(Request request, Response response, Callback callback, ErrorPace pace) {
        this.request = request;
        this.response = response;
        this.callback = Callback.from(this::cancelClosing, callback);
        this.pace = pace;
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

    /** The client, or the proxy that it uses. */
    ClientAddress client() {
        return ClientAddress.of(request.getConnectionMetaData().getRemoteSocketAddress());
    }

    EndPoint connection() {
        return request.getConnectionMetaData().getConnection().getEndPoint();
    }

    boolean isCommitted() {
        return response.isCommitted();
    }

    /**
     * Receives the whole body in the background. A body that is too large or not received in time ends the exchange with
     * an error, a client that disconnects without a response.
     *
     * @param memory grows with the body; closed if it is not received
     * @param onBody receives the body on a thread that may block
     * @throws ApiException if the body is not said to be JSON
     */
    void receiveBody(ServerOptions options, RequestMemoryBudget.Reservation memory, Consumer<RequestBody> onBody) {
        String type = header("Content-Type");
        if (type == null || !type.toLowerCase(Locale.ROOT).startsWith("application/json")) {
            throw ApiException.rejected(415, null, "the body must be sent as application/json");
        }
        new BodyReader(request, this, options, memory, body -> {
                    bodyRead = true;
                    // While an answer is generated nothing is sent, for longer than the idle time of a connection.
                    request.addIdleTimeoutListener(timeout -> false);
                    onBody.accept(body);
                })
                .run();
    }

    void header(String name, String value) {
        response.getHeaders().put(name, value);
    }

    void send(int status, JsonNode body) {
        try {
            send(status, "application/json", JSON.writeValueAsBytes(body));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot serialize a response", e);
        }
    }

    void sendNoContent() {
        response.setStatus(204);
        response.write(true, null, callback);
    }

    /** Sends an error, one of the client (4xx) at its pace. Does not wait for the rest of the body. */
    void send(ApiException error) {
        long delay = HttpStatus.isClientError(error.status()) ? pace.delayNanos(client()) : 0;
        if (delay == 0) {
            sendNow(error);
        } else {
            request.getComponents().getScheduler().schedule(() -> sendNow(error), delay, TimeUnit.NANOSECONDS);
        }
    }

    private void sendNow(ApiException error) {
        if (error.status() == 429) {
            header(HttpHeader.RETRY_AFTER.asString(), "1");
        }
        if (bodyRead || !hasBody()) {
            send(error.status(), error(error));
            return;
        }
        header(HttpHeader.CONNECTION.asString(), "close");
        byte[] body = error(error).toString().getBytes(StandardCharsets.UTF_8);
        startResponse(error.status(), "application/json", body.length);
        response.write(true, ByteBuffer.wrap(body), BodyDrain.before(callback, request));
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

    void send(int status, String type, byte[] body) {
        startResponse(status, type, body.length);
        response.write(true, method().equals("HEAD") ? null : ByteBuffer.wrap(body), callback);
    }

    private boolean hasBody() {
        return request.getLength() > 0 || header(HttpHeader.TRANSFER_ENCODING.asString()) != null;
    }

    private void startResponse(int status, String type, int length) {
        response.setStatus(status);
        header("Content-Type", type);
        header("Content-Length", String.valueOf(length));
    }

    /** Ends the exchange without a response, or within one. */
    void abort(Throwable failure) {
        callback.failed(failure);
    }

    /**
     * Closes the connection unless the exchange has ended after a time. The thread that sends then gets an {@link
     * IOException}. Call it at most once.
     */
    void closeAfter(Duration time) {
        EndPoint endPoint = connection();
        TimeoutException failure = new TimeoutException("the client has not received the stream in time");
        closing = request.getComponents()
                .getScheduler()
                .schedule(() -> endPoint.close(failure), time.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void cancelClosing() {
        if (closing != null) {
            closing.cancel();
        }
    }

    /** Starts a stream of server-sent events. */
    ServerSentEvents events() {
        response.setStatus(200);
        header("Content-Type", "text/event-stream; charset=utf-8");
        header("Cache-Control", "no-store");
        header("X-Accel-Buffering", "no");
        return new ServerSentEvents(Content.Sink.asOutputStream(response), callback);
    }

    /** Stream of server-sent events; each is flushed before its call returns. */
    static final class ServerSentEvents implements AutoCloseable {
        private final OutputStream out;
        private final Callback callback;

        private ServerSentEvents(OutputStream out, Callback callback) {
            this.out = out;
            this.callback = callback;
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
            callback.succeeded();
        }
    }

    /**
     * Whether the client has closed its connection, or has sent its next request without waiting for this response. The
     * check consumes a byte of such a request. Requires that the body has been read.
     */
    boolean isClientDisconnected() {
        Object channel = connection().getTransport();
        try {
            return channel instanceof SocketChannel socket && socket.read(ByteBuffer.allocate(1)) != 0;
        } catch (IOException e) {
            return true;
        }
    }
}
