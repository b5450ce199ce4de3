package org.llava4j.server;

import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.model.chat.LlavaModel;

/** Configuration of a {@link ChatServer}; immutable. {@link #builder} has the defaults. */
public final class ServerOptions {
    private static final int MAX_PORT = 65_535;
    private static final int MAX_BODY_BYTES = 1 << 30;
    private static final long MAX_PIXELS = 500_000_000;
    private static final int MAX_ERRORS_PER_SECOND = 1_000_000;
    private static final int MAX_CONCURRENT_REQUESTS = 1024;
    private static final int MAX_QUEUED_REQUESTS = 10_000;
    private static final Duration MAX_TIMEOUT = Duration.ofDays(366);

    private final String host;
    private final int port;
    private final @Nullable String apiKey;
    private final boolean insecure;
    private final Set<String> allowedHosts;
    private final int maxConnectionsPerAddress;
    private final int maxConnections;
    private final int maxErrorsPerSecond;
    private final String modelId;
    private final int maxBodyBytes;
    private final long maxPixels;
    private final int maxImages;
    private final int maxConcurrentRequests;
    private final int maxQueuedRequests;
    private final Duration maxPause;
    private final Duration timeout;
    private final Duration bodyTimeout;
    private final int maxNewTokens;
    private final boolean allowRemoteImages;
    private final boolean specialTokensInText;
    private final Set<String> corsOrigins;

    private ServerOptions(Builder builder) {
        host = builder.host;
        port = builder.port;
        apiKey = builder.apiKey;
        insecure = builder.insecure;
        allowedHosts = builder.allowedHosts;
        maxConnectionsPerAddress = builder.maxConnectionsPerAddress;
        maxConnections = builder.maxConnections;
        maxErrorsPerSecond = builder.maxErrorsPerSecond;
        modelId = builder.modelId;
        maxBodyBytes = builder.maxBodyBytes;
        maxPixels = builder.maxPixels;
        maxImages = builder.maxImages;
        maxConcurrentRequests = builder.maxConcurrentRequests;
        maxQueuedRequests = builder.maxQueuedRequests;
        maxPause = builder.maxPause;
        timeout = builder.timeout;
        bodyTimeout = builder.bodyTimeout;
        maxNewTokens = builder.maxNewTokens;
        allowRemoteImages = builder.allowRemoteImages;
        specialTokensInText = builder.specialTokensInText;
        corsOrigins = builder.corsOrigins;
    }

    /** A builder with the default of every option. */
    public static Builder builder() {
        return new Builder();
    }

    /** Name or address to listen on. */
    public String host() {
        return host;
    }

    /** Port to listen on; 0 for any free one. */
    public int port() {
        return port;
    }

    /** API key that requests must send; null if they need none. */
    public @Nullable String apiKey() {
        return apiKey;
    }

    /** Whether other machines may send requests without an API key. */
    public boolean insecure() {
        return insecure;
    }

    /** Host names under which the server answers without an API key; {@code *} stands for all. */
    public Set<String> allowedHosts() {
        return allowedHosts;
    }

    /** Maximum number of open connections of one client address. */
    public int maxConnectionsPerAddress() {
        return maxConnectionsPerAddress;
    }

    /** Maximum number of open connections of all clients. */
    public int maxConnections() {
        return maxConnections;
    }

    /** Error responses a second to one client address; further ones wait for their turn, at most a second. */
    public int maxErrorsPerSecond() {
        return maxErrorsPerSecond;
    }

    /** Model id of the API. */
    public String modelId() {
        return modelId;
    }

    /** Maximum size of a request's body and of a remote image, in bytes. */
    public int maxBodyBytes() {
        return maxBodyBytes;
    }

    /** Maximum number of pixels of an image. */
    public long maxPixels() {
        return maxPixels;
    }

    /** Maximum number of images of a request. */
    public int maxImages() {
        return maxImages;
    }

    /** Maximum number of running requests. */
    public int maxConcurrentRequests() {
        return maxConcurrentRequests;
    }

    /** Maximum number of queued requests. */
    public int maxQueuedRequests() {
        return maxQueuedRequests;
    }

    /** Maximum time from one token of an answer to its next while other prompts are prefilled. */
    public Duration maxPause() {
        return maxPause;
    }

    /** Time limit of an answer. */
    public Duration timeout() {
        return timeout;
    }

    /** Time limit of receiving a request. */
    public Duration bodyTimeout() {
        return bodyTimeout;
    }

    /** Maximum number of generated tokens, and the default of a request. */
    public int maxNewTokens() {
        return maxNewTokens;
    }

    /** Whether images are fetched from {@code http} and {@code https} URLs. */
    public boolean allowRemoteImages() {
        return allowRemoteImages;
    }

    /** Whether special tokens in messages are read as tokens instead of ordinary text. */
    public boolean specialTokensInText() {
        return specialTokensInText;
    }

    /** Origins of web pages that may call the API, such as {@code https://example.com}; {@code *} stands for all. */
    public Set<String> corsOrigins() {
        return corsOrigins;
    }

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

    /** Builder of options. Each method throws {@link BadInputException} for a value outside its range. */
    public static final class Builder {
        private String host = "127.0.0.1";
        private int port = 8080;
        private @Nullable String apiKey;
        private boolean insecure;
        private Set<String> allowedHosts = Set.of();
        private int maxConnectionsPerAddress = 256;
        private int maxConnections = 1024;
        private int maxErrorsPerSecond = 100;
        private String modelId = "llava";
        private int maxBodyBytes = 20 << 20;
        private long maxPixels = 25_000_000;
        private int maxImages = 8;
        private int maxConcurrentRequests = 8;
        private int maxQueuedRequests = 64;
        private Duration maxPause = Duration.ofSeconds(1);
        private Duration timeout = Duration.ofSeconds(300);
        private Duration bodyTimeout = Duration.ofSeconds(20);
        private int maxNewTokens = 512;
        private boolean allowRemoteImages;
        private boolean specialTokensInText;
        private Set<String> corsOrigins = Set.of();

        private Builder() {}

        /** Name or address to listen on; {@code 0.0.0.0} for all. Default: {@code 127.0.0.1}. */
        public Builder host(String value) {
            host = notEmpty("host", value);
            return this;
        }

        /** Port to listen on, 0 to 65,535; 0 for any free one ({@link ChatServer#port}). Default: 8080. */
        public Builder port(int value) {
            port = (int) inRange("port", value, 0, MAX_PORT);
            return this;
        }

        /**
         * Key that {@code Authorization: Bearer} of a request must send, not empty; null if requests need none. Default:
         * null.
         */
        public Builder apiKey(@Nullable String value) {
            apiKey = value == null ? null : notEmpty("apiKey", value);
            return this;
        }

        /**
         * Whether a server that other machines can reach may have no API key. Default: false, so that {@link #build}
         * rejects it.
         */
        public Builder insecure(boolean value) {
            insecure = value;
            return this;
        }

        /**
         * Host names under which the server answers without an API key, in lower case without a port; {@code *} for all.
         * It always answers under addresses, {@code localhost} and the name that it listens on. Other names could be those of
         * a web page that calls it from the browser of a user (DNS rebinding). Default: none.
         */
        public Builder allowedHosts(Collection<String> values) {
            values.forEach(AllowedHosts::require);
            allowedHosts = Collections.unmodifiableSet(new LinkedHashSet<>(values));
            return this;
        }

        /**
         * Maximum number of open connections of one client address, at least 1; further ones are closed. The addresses of
         * an IPv6 network (/64) count as one. A proxy has all of its clients' connections. Default: 256.
         */
        public Builder maxConnectionsPerAddress(int value) {
            maxConnectionsPerAddress = (int) inRange("maxConnectionsPerAddress", value, 1, Integer.MAX_VALUE);
            return this;
        }

        /**
         * Maximum number of open connections of all clients, at least 1. Further ones are closed, or take the place of the
         * newest connection of the address that has the most. Default: 1024.
         */
        public Builder maxConnections(int value) {
            maxConnections = (int) inRange("maxConnections", value, 1, Integer.MAX_VALUE);
            return this;
        }

        /**
         * Error responses (4xx) a second to one client address, 1 to 1,000,000; further ones wait for their turn, at most a
         * second. Other responses do not wait. Default: 100.
         */
        public Builder maxErrorsPerSecond(int value) {
            maxErrorsPerSecond = (int) inRange("maxErrorsPerSecond", value, 1, MAX_ERRORS_PER_SECOND);
            return this;
        }

        /** Model id that requests must send, not empty. Default: {@code llava}. */
        public Builder modelId(String value) {
            modelId = notEmpty("modelId", value);
            return this;
        }

        /** Maximum size of a request's body and of a remote image, 1 byte to 1 GiB. Default: 20 MiB. */
        public Builder maxBodyBytes(int value) {
            maxBodyBytes = (int) inRange("maxBodyBytes", value, 1, MAX_BODY_BYTES);
            return this;
        }

        /**
         * Maximum number of pixels of an image, 1 to 500 million; checked before the image is decoded. Default: 25
         * million.
         */
        public Builder maxPixels(long value) {
            maxPixels = inRange("maxPixels", value, 1, MAX_PIXELS);
            return this;
        }

        /** Maximum number of images of a request, at least 1. Default: 8. */
        public Builder maxImages(int value) {
            maxImages = (int) inRange("maxImages", value, 1, Integer.MAX_VALUE);
            return this;
        }

        /** Maximum number of requests that are generated at the same time, 1 to 1024. Default: 8. */
        public Builder maxConcurrentRequests(int value) {
            maxConcurrentRequests = (int) inRange("maxConcurrentRequests", value, 1, MAX_CONCURRENT_REQUESTS);
            return this;
        }

        /**
         * Maximum number of requests that wait, 0 to 10,000; each takes a thread. Further requests get status 429.
         * Default: 64.
         */
        public Builder maxQueuedRequests(int value) {
            maxQueuedRequests = (int) inRange("maxQueuedRequests", value, 0, MAX_QUEUED_REQUESTS);
            return this;
        }

        /**
         * Maximum time from one token of an answer to its next while prompts of other requests are prefilled, which long
         * prompts then are in chunks ({@link LlavaModel#setMaxPause}); more than zero, at most 366 days. Default: 1 s.
         */
        public Builder maxPause(Duration value) {
            maxPause = inRange("maxPause", value);
            return this;
        }

        /** Time limit of an answer, waiting included; more than zero, at most 366 days. Default: 300 s. */
        public Builder timeout(Duration value) {
            timeout = inRange("timeout", value);
            return this;
        }

        /** Time limit of receiving a request; more than zero, at most 366 days. Default: 20 s. */
        public Builder bodyTimeout(Duration value) {
            bodyTimeout = inRange("bodyTimeout", value);
            return this;
        }

        /** Maximum number of generated tokens, at least 1; also the default of a request. Default: 512. */
        public Builder maxNewTokens(int value) {
            maxNewTokens = (int) inRange("maxNewTokens", value, 1, Integer.MAX_VALUE);
            return this;
        }

        /** Whether to fetch images from {@code http} and {@code https} URLs of public servers. Default: false. */
        public Builder allowRemoteImages(boolean value) {
            allowRemoteImages = value;
            return this;
        }

        /** Whether special tokens in messages are read as tokens instead of ordinary text. Default: false. */
        public Builder specialTokensInText(boolean value) {
            specialTokensInText = value;
            return this;
        }

        /**
         * Origins of web pages that may call the API from a browser (cross-origin resource sharing): scheme, host and,
         * if it is not the scheme's own, port, such as {@code https://example.com:8443}; {@code *} for all. Default:
         * none, so that only the server's own page may.
         */
        public Builder corsOrigins(Collection<String> values) {
            values.forEach(CorsOrigins::require);
            corsOrigins = Collections.unmodifiableSet(new LinkedHashSet<>(values));
            return this;
        }

        /**
         * The options.
         *
         * @throws BadInputException if other machines could send requests without an API key, unless {@link #insecure}
         */
        public ServerOptions build() {
            if (apiKey == null && !insecure && AllowedHosts.isReachable(host)) {
                throw new BadInputException("other machines can reach the host " + host
                        + ", and no API key is set; set one (--api-key), or allow requests without a key (--insecure)");
            }
            return new ServerOptions(this);
        }

        private static String notEmpty(String name, String value) {
            if (Objects.requireNonNull(value, name).isEmpty()) {
                throw new BadInputException("the server option " + name + " is empty; give a value or leave it out");
            }
            return value;
        }

        private static long inRange(String name, long value, long min, long max) {
            if (value < min || value > max) {
                throw new BadInputException(
                        "the server option " + name + " is " + value + "; give " + min + " to " + max);
            }
            return value;
        }

        private static Duration inRange(String name, Duration value) {
            if (value.isNegative() || value.isZero() || value.compareTo(MAX_TIMEOUT) > 0) {
                throw new BadInputException("the server option " + name + " is " + value
                        + "; give more than 0 and at most " + MAX_TIMEOUT.toDays() + " days");
            }
            return value;
        }
    }
}
