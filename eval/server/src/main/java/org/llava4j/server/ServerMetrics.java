package org.llava4j.server;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.function.IntSupplier;
import org.llava4j.model.chat.Answer;

/** Server metrics in Prometheus's text format. */
final class ServerMetrics {
    static final String CONTENT_TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;
    private static final double[] BUCKET_SECONDS = {0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300};

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final Counter requests = Counter.builder()
            .name("llava4j_requests_total")
            .help("Requests by path and status.")
            .labelNames("path", "status")
            .register(registry);
    private final Counter tokens = Counter.builder()
            .name("llava4j_tokens_total")
            .help("Prompt tokens, including image tokens, and generated tokens.")
            .labelNames("kind")
            .register(registry);
    private final Counter aborted = Counter.builder()
            .name("llava4j_answers_abandoned_total")
            .help("Answers aborted by a client disconnect, a timeout, a request of another client or a stop.")
            .labelNames("why")
            .register(registry);
    private final Counter disconnects = Counter.builder()
            .name("llava4j_client_disconnects_total")
            .help("Requests without a response because the client disconnected.")
            .register(registry);
    private final Counter refusedConnections = Counter.builder()
            .name("llava4j_connections_refused_total")
            .help("Connections closed because of the maximum number of one address or of all.")
            .register(registry);
    private final Gauge running = Gauge.builder()
            .name("llava4j_answers_in_progress")
            .help("Running and queued requests.")
            .register(registry);
    private final Histogram timeToFirstText = Histogram.builder()
            .name("llava4j_time_to_first_text_seconds")
            .help("Time from a request to the first text of its answer.")
            .classicUpperBounds(BUCKET_SECONDS)
            .register(registry);
    private final Histogram latency = Histogram.builder()
            .name("llava4j_answer_seconds")
            .help("Time from a request to the end of its answer.")
            .classicUpperBounds(BUCKET_SECONDS)
            .register(registry);

    /**
     * Adds a metric.
     *
     * @param waiting number of requests without a first token
     */
    void waiting(IntSupplier waiting) {
        GaugeWithCallback.builder()
                .name("llava4j_answers_waiting")
                .help("Requests without a first token.")
                .callback(callback -> callback.call(waiting.getAsInt()))
                .register(registry);
    }

    void request(String path, int status) {
        requests.labelValues(path, String.valueOf(status)).inc();
    }

    void clientDisconnected() {
        disconnects.inc();
    }

    void connectionRefused() {
        refusedConnections.inc();
    }

    void requestStarted() {
        running.inc();
    }

    void requestFinished() {
        running.dec();
    }

    void firstText(double seconds) {
        timeToFirstText.observe(seconds);
    }

    void completed(Answer answer, double seconds) {
        latency.observe(seconds);
        tokens.labelValues("prompt").inc(answer.promptTokens());
        tokens.labelValues("completion").inc(answer.newTokens());
    }

    void aborted(String reason) {
        aborted.labelValues(reason).inc();
    }

    byte[] text() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrometheusTextFormatWriter.create().write(out, registry.scrape());
        return out.toByteArray();
    }
}
