package org.llava4j.server;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.Response;
import org.eclipse.jetty.client.Result;
import org.eclipse.jetty.util.Promise;
import org.eclipse.jetty.util.SocketAddressResolver;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.image.ImageFormat;

/**
 * Fetches images from {@code http} and {@code https} URLs, if the server allows it. Connects to public addresses only.
 * The check covers the resolved addresses that the connection uses, so DNS rebinding cannot bypass it, and every
 * redirect.
 */
final class RemoteImages implements AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final long POLL_MILLIS = 50;
    private static final int MAX_REDIRECTS = 3;

    private final ServerOptions options;
    private final Predicate<InetAddress> allowed;
    private final Duration timeout;
    private final HttpClient client = new HttpClient();

    RemoteImages(ServerOptions options) {
        this(options, PublicAddresses::isPublic, TIMEOUT);
    }

    /**
     * @param allowed predicate of the addresses that may be connected to
     * @param timeout of a whole download
     */
    RemoteImages(ServerOptions options, Predicate<InetAddress> allowed, Duration timeout) {
        this.timeout = timeout;
        this.options = options;
        this.allowed = allowed;
        client.setSocketAddressResolver(new CheckedResolver());
        client.setMaxRedirects(MAX_REDIRECTS);
        client.setConnectTimeout(timeout.toMillis());
        client.setUserAgentField(null);
    }

    /** DNS resolver that rejects names with private addresses. */
    private final class CheckedResolver implements SocketAddressResolver {
        @Override
        public void resolve(
                String host, int port, Map<String, Object> context, Promise<List<InetSocketAddress>> promise) {
            client.getExecutor().execute(() -> {
                try {
                    InetAddress[] addresses = InetAddress.getAllByName(host);
                    if (!areAllowed(addresses, allowed)) {
                        promise.failed(new UnknownHostException(host + " is not a public address"));
                        return;
                    }
                    promise.succeeded(Arrays.stream(addresses)
                            .map(address -> new InetSocketAddress(address, port))
                            .toList());
                } catch (UnknownHostException e) {
                    promise.failed(new UnknownHostException(host + " cannot be resolved"));
                }
            });
        }
    }

    /** Whether a name may be connected to: each of its addresses is allowed, because the client may choose any. */
    static boolean areAllowed(InetAddress[] addresses, Predicate<InetAddress> allowed) {
        return Arrays.stream(addresses).allMatch(allowed);
    }

    /**
     * Fetches all bytes of a URL, redirects included, in a limited time.
     *
     * @param memory grows with the image
     * @param check runs often while fetching; ends it by throwing
     * @throws ApiException if remote images are not allowed or the download fails; 429 if the memory does not suffice
     */
    byte[] fetch(String url, String parameter, RequestMemoryBudget.Reservation memory, Runnable check) {
        if (!options.allowRemoteImages()) {
            throw ApiException.badRequest(
                    parameter, "this server does not fetch remote images; send '" + parameter + "' as a data URL");
        }
        long startNanos = System.nanoTime();
        Request request = null;
        try {
            request = client.newRequest(url).headers(headers -> headers.put("Accept", ImageFormat.mimeTypes()));
            Download download = new Download(memory);
            request.send(download);
            while (!download.isDoneWithin(POLL_MILLIS)) {
                check.run();
                if (System.nanoTime() - startNanos > timeout.toNanos()) {
                    throw new TimeoutException();
                }
            }
            return memory.complete();
        } catch (IllegalArgumentException e) {
            throw failed(parameter, "it is not a valid URL: " + e.getMessage());
        } catch (TimeoutException e) {
            throw failed(parameter, "it did not arrive in " + timeout.toMillis() / 1000.0 + " s");
        } catch (EOFException e) {
            // Jetty's message describes its own state.
            throw failed(parameter, "its server closed the connection");
        } catch (IOException e) {
            throw failed(parameter, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed(parameter, "the server is stopping");
        } finally {
            if (request != null) {
                request.abort(new IOException("the download has ended"));
            }
        }
    }

    /** The download of one image into a reservation of memory. */
    private final class Download implements Response.Listener {
        private final RequestMemoryBudget.Reservation memory;
        private final CompletableFuture<Void> end = new CompletableFuture<>();

        Download(RequestMemoryBudget.Reservation memory) {
            this.memory = memory;
        }

        @Override
        public void onHeaders(Response response) {
            if (response.getStatus() != 200) {
                response.abort(new IOException("its server returns status " + response.getStatus()));
            }
        }

        @Override
        public void onContent(Response response, ByteBuffer content) {
            if (memory.size() + content.remaining() > options.maxBodyBytes()) {
                response.abort(new IOException("it has more than " + options.maxBodyBytes() + " bytes"));
                return;
            }
            try {
                memory.append(content);
            } catch (ApiException e) {
                response.abort(e);
            }
        }

        @Override
        public void onComplete(Result result) {
            if (result.isFailed()) {
                end.completeExceptionally(result.getFailure());
            } else {
                end.complete(null);
            }
        }

        /** Waits for the end; returns false if it does not come within a time. */
        boolean isDoneWithin(long millis) throws IOException, TimeoutException, InterruptedException {
            try {
                end.get(millis, TimeUnit.MILLISECONDS);
                return true;
            } catch (TimeoutException e) {
                return false;
            } catch (ExecutionException e) {
                if (e.getCause() instanceof ApiException busy) {
                    throw busy;
                }
                if (e.getCause() instanceof TimeoutException) {
                    throw new TimeoutException();
                }
                Throwable cause = e.getCause();
                throw cause instanceof IOException io
                        ? io
                        : new IOException(cause == null ? "it failed" : cause.getMessage(), e);
            }
        }
    }

    private static ApiException failed(String parameter, @Nullable String reason) {
        return ApiException.badRequest(parameter, "cannot fetch '" + parameter + "': " + reason);
    }

    void start() throws Exception {
        if (options.allowRemoteImages()) {
            client.start();
        }
    }

    @Override
    public void close() throws Exception {
        client.stop();
    }
}
