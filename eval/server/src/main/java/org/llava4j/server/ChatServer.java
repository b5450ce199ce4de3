package org.llava4j.server;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.http.BadMessageException;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.http.UriCompliance.Violation;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.folder.ModelSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * HTTP server with OpenAI's APIs (responses, chat completions and completions), the web page, health check and metrics.
 * Routes requests, checks the API key, and turns every failure into an error response.
 *
 * <p>A server runs on daemon threads of its own, so that any program can embed it. It does not close its model: several
 * servers and other threads may use the same one. A stopped server may start again.
 */
public final class ChatServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ChatServer.class);
    private static final List<String> ANSWERS = AnswerEndpoint.paths();
    private static final String MODELS = "/v1/models";
    private static final String METRICS = "/metrics";
    private static final String HEALTH = "/health";
    private static final String BEARER = "Bearer ";
    /**
     * Accepts an escaped slash in a model id and a double slash at the start of a path, both of which clients send.
     * Such paths are only looked up, never resolved to files.
     */
    private static final UriCompliance URIS = UriCompliance.DEFAULT.with(
            "llava4j", Violation.AMBIGUOUS_PATH_SEPARATOR, Violation.AMBIGUOUS_EMPTY_SEGMENT);

    private static final int HEADER_BYTES = 16 << 10;
    /** Size of the socket buffer, which limits the memory of a stalled client. */
    private static final int SEND_BUFFER_BYTES = 128 << 10;

    private static final int IDLE_MILLIS = 30_000;

    /** Threads in addition to those of completions: for the page, for rejected requests and for Jetty itself. */
    private static final int OTHER_THREADS = 32;

    private final ServerOptions options;
    private final @Nullable String baseModel;
    private final ServerMetrics metrics;
    private final CompletionHandler completions;
    private final RemoteImages remote;
    private final WebPage page;
    private final Routes routes;
    private final AllowedHosts hosts;
    private final ErrorPace errors;
    private final Server server;
    private final ServerConnector connector;
    private final AnsweringConnections answering;
    private final long started = System.currentTimeMillis() / 1000;

    /**
     * Creates a server, which {@link #start} starts. It sets the model's batch size to {@link
     * ServerOptions#maxConcurrentRequests} and its pauses to {@link ServerOptions#maxPause}; of several servers with one
     * model, the last one decides.
     *
     * @param model the model, which must stay open while the server runs
     */
    public ChatServer(LlavaModel model, ServerOptions options) {
        this.options = options;
        ModelSource source = model.source();
        baseModel = source == null || source.adapter() == null ? null : source.baseName();
        remote = new RemoteImages(options);
        model.setMaxBatchSize(options.maxConcurrentRequests());
        model.setMaxPause(options.maxPause());
        metrics = new ServerMetrics();
        RequestMemoryBudget memory = new RequestMemoryBudget();
        completions = new CompletionHandler(
                model, options, metrics, new RequestImages(model, options, remote, memory), memory);
        metrics.waiting(completions::waitingRequests);
        page = new WebPage(ModelInfo.of(model, options));
        List<String> readPaths = new ArrayList<>(List.of(METRICS, HEALTH, MODELS));
        readPaths.addAll(page.paths());
        hosts = new AllowedHosts(options);
        errors = new ErrorPace(options.maxErrorsPerSecond(), System::nanoTime);
        routes = new Routes(ANSWERS, readPaths, MODELS + "/");
        QueuedThreadPool threads =
                new QueuedThreadPool(options.maxConcurrentRequests() + options.maxQueuedRequests() + OTHER_THREADS);
        threads.setName("llava4j-server");
        // Daemon threads: the process exits with the command, even if the server fails to start.
        threads.setDaemon(true);
        server = new Server(threads);
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        http.setRequestHeaderSize(HEADER_BYTES);
        http.setUriCompliance(URIS);
        connector = new ServerConnector(server, new HttpConnectionFactory(http));
        connector.setHost(options.host());
        connector.setPort(options.port());
        connector.setAcceptedSendBufferSize(SEND_BUFFER_BYTES);
        connector.setIdleTimeout(Math.min(IDLE_MILLIS, options.bodyTimeout().toMillis()));
        answering = new AnsweringConnections(connector);
        connector.addBean(new ConnectionLimits(options.maxConnectionsPerAddress(), options.maxConnections(), metrics));
        server.addConnector(connector);
        Handler requests = new Requests();
        if (!options.corsOrigins().isEmpty()) {
            requests = CorsOrigins.allow(options.corsOrigins(), requests);
        }
        server.setHandler(new GracefulHandler(requests));
        server.setErrorHandler(this::sendRejection);
    }

    /**
     * Sends Jetty's own rejections, such as malformed request lines and oversized headers, in the same error format.
     */
    private boolean sendRejection(Request request, Response response, Callback callback) {
        int status = response.getStatus();
        new Exchange(request, response, callback, errors)
                .send(ApiException.rejected(
                        status,
                        null,
                        "HTTP " + status + " " + HttpStatus.getMessage(status) + reason(request, status)));
        return true;
    }

    /** Jetty's reason for rejecting a request, if it is more specific than the status. */
    private static String reason(Request request, int status) {
        Object cause = request.getAttribute(ErrorHandler.ERROR_EXCEPTION);
        Object reason = cause instanceof BadMessageException bad
                ? bad.getReason()
                : request.getAttribute(ErrorHandler.ERROR_MESSAGE);
        return reason == null || reason.equals(HttpStatus.getMessage(status)) ? "" : ": " + reason;
    }

    /**
     * Starts the server. Returns when it accepts requests; has no effect if it runs.
     *
     * @throws BadInputException if the address cannot be bound
     */
    public ChatServer start() {
        try {
            completions.start();
            remote.start();
            answering.start();
            server.start();
            return this;
        } catch (IOException e) {
            throw new BadInputException(
                    "cannot listen on " + options.host() + ":" + options.port() + " (" + e.getMessage()
                            + "); give another host or port",
                    e);
        } catch (Exception e) {
            throw new IllegalStateException("the server cannot start", e);
        } finally {
            if (!server.isStarted()) {
                close();
            }
        }
    }

    /**
     * The server's root URL, such as {@code http://127.0.0.1:8080}; with the host {@code localhost} if it listens on all
     * addresses.
     *
     * @throws IllegalStateException if the server does not run
     */
    public URI address() {
        String host = switch (options.host()) {
            case "0.0.0.0", "::" -> "localhost";
            default -> options.host().contains(":") ? "[" + options.host() + "]" : options.host();
        };
        return URI.create("http://" + host + ":" + port());
    }

    /**
     * The port that the server listens on.
     *
     * @throws IllegalStateException if the server does not run
     */
    public int port() {
        int port = connector.getLocalPort();
        if (port <= 0) {
            throw new IllegalStateException("the server does not run; call start() first");
        }
        return port;
    }

    /**
     * Stops the server: rejects new requests, lets running answers finish, and ends those that are not complete after
     * the grace period with status 503, or with an error event if they are streamed. Returns when port and threads are
     * free, at most 2 s after the grace period; has no effect if the server does not run.
     *
     * @param grace time for running answers to finish
     */
    public void stop(Duration grace) {
        answering.stop();
        completions.endAfter(grace);
        server.setStopTimeout(grace.plus(RequestWatch.ERROR_RESPONSE_TIME).toMillis());
        try {
            server.stop();
            remote.close();
        } catch (Exception e) {
            LOG.warn("the server did not stop cleanly", e);
        }
    }

    /** Waits until the server is stopped. */
    public void join() throws InterruptedException {
        server.join();
    }

    /** Stops the server without a grace period. */
    @Override
    public void close() {
        stop(Duration.ZERO);
    }

    private final class Requests extends Handler.Abstract {
        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            Exchange exchange = new Exchange(request, response, counting(request, response, callback), errors);
            exchange.header("X-Content-Type-Options", "nosniff");
            respond(exchange, () -> route(exchange));
            return true;
        }
    }

    /** Counts a request at its end. A client that disconnects is neither an answer nor an error of the server. */
    private Callback counting(Request request, Response response, Callback callback) {
        String path = request.getHttpURI().getDecodedPath();
        EndPoint connection = request.getConnectionMetaData().getConnection().getEndPoint();
        return Callback.from(
                () -> {
                    answering.end(connection);
                    metrics.request(metricPath(path), response.getStatus());
                    callback.succeeded();
                },
                failure -> {
                    answering.end(connection);
                    if (failure instanceof IOException || failure instanceof TimeoutException) {
                        LOG.debug("{} {}: the client disconnected ({})", request.getMethod(), path, failure.toString());
                        metrics.clientDisconnected();
                        connection.close();
                        callback.failed(new EofException(failure));
                    } else {
                        metrics.request(metricPath(path), 500);
                        callback.failed(failure);
                    }
                });
    }

    private static String metricPath(String path) {
        boolean isKnown =
                ANSWERS.contains(path) || Set.of("/", MODELS, METRICS, HEALTH).contains(path);
        return isKnown ? path : "other";
    }

    /** A step towards a response. */
    @FunctionalInterface
    private interface Step {
        /** @throws IOException if the client is disconnected */
        void run() throws IOException;
    }

    /** Runs a step, and turns its failure into a response. */
    private static void respond(Exchange exchange, Step step) {
        try {
            step.run();
        } catch (ApiException e) {
            exchange.send(e);
        } catch (IOException e) {
            exchange.abort(e);
        } catch (RuntimeException | Error e) {
            LOG.error("{} {} failed", exchange.method(), exchange.path(), e);
            if (exchange.isCommitted()) {
                exchange.abort(e);
                return;
            }
            exchange.send(new ApiException(500, "server_error", null, null, "internal error; see the server's log"));
        }
    }

    private void route(Exchange exchange) throws IOException {
        String path = exchange.path();
        if (options.apiKey() == null) {
            hosts.require(exchange);
        }
        if (exchange.method().equals("OPTIONS")) {
            routes.sendOptions(exchange);
            return;
        }
        if (path.startsWith("/v1/") || path.equals(METRICS)) {
            requireKey(exchange);
        }
        routes.require(exchange);
        if (path.startsWith(MODELS + "/")) {
            options.requireModel(path.substring(MODELS.length() + 1));
            exchange.send(200, modelNode());
            return;
        }
        if (ANSWERS.contains(path)) {
            AnswerEndpoint endpoint = AnswerEndpoint.at(path);
            completions.receive(exchange, body -> {
                answering.begin(exchange.connection());
                respond(exchange, () -> completions.handle(endpoint, exchange, body));
            });
            return;
        }
        switch (path) {
            case HEALTH ->
                exchange.send(200, new JsonMapper().createObjectNode().put("status", "ok"));
            case METRICS -> exchange.send(200, ServerMetrics.CONTENT_TYPE, metrics.text());
            case MODELS -> {
                ObjectNode list = new JsonMapper().createObjectNode().put("object", "list");
                list.putArray("data").add(modelNode());
                exchange.send(200, list);
            }
            default -> page.send(exchange);
        }
    }

    /** OpenAI's description of the model; with an adapter, {@code parent} is its base model, as in vLLM. */
    private ObjectNode modelNode() {
        ObjectNode node = new JsonMapper()
                .createObjectNode()
                .put("id", options.modelId())
                .put("object", "model")
                .put("created", started)
                .put("owned_by", "llava4j");
        return baseModel == null ? node : node.put("parent", baseModel);
    }

    private void requireKey(Exchange exchange) {
        if (options.apiKey() == null) {
            return;
        }
        byte[] expected = options.apiKey().getBytes(StandardCharsets.UTF_8);
        byte[] sent = bearerToken(exchange.header("Authorization")).getBytes(StandardCharsets.UTF_8);
        if (!MessageDigest.isEqual(sent, expected)) {
            throw ApiException.rejected(
                    401, "invalid_api_key", "this server requires an API key: Authorization: Bearer KEY");
        }
    }

    /** The token of a header; empty if it has none. The name of the scheme has any case (RFC 9110, section 11.1). */
    private static String bearerToken(@Nullable String header) {
        return header != null && header.regionMatches(true, 0, BEARER, 0, BEARER.length())
                ? header.substring(BEARER.length()).strip()
                : "";
    }
}
