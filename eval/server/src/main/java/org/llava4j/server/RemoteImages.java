package org.llava4j.server;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.InputStreamResponseListener;
import org.eclipse.jetty.client.Response;
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
    private static final long TIMEOUT_SECONDS = 10;
    private static final int MAX_REDIRECTS = 3;

    private final ServerOptions options;
    private final Predicate<InetAddress> allowed;
    private final HttpClient client = new HttpClient();

    RemoteImages(ServerOptions options) {
        this(options, PublicAddresses::isPublic);
    }

    /** @param allowed predicate of the addresses that may be connected to */
    RemoteImages(ServerOptions options, Predicate<InetAddress> allowed) {
        this.options = options;
        this.allowed = allowed;
        client.setSocketAddressResolver(new CheckedResolver());
        client.setMaxRedirects(MAX_REDIRECTS);
        client.setConnectTimeout(TimeUnit.SECONDS.toMillis(TIMEOUT_SECONDS));
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
                    if (!Arrays.stream(addresses).allMatch(allowed)) {
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

    /**
     * Fetches all bytes of a URL.
     *
     * @throws ApiException if remote images are not allowed or the download fails
     */
    byte[] fetch(String url, String parameter) {
        if (!options.allowRemoteImages()) {
            throw ApiException.badRequest(
                    parameter, "this server does not fetch remote images; send '" + parameter + "' as a data URL");
        }
        try {
            InputStreamResponseListener listener = new InputStreamResponseListener();
            client.newRequest(url)
                    .timeout(TIMEOUT_SECONDS, TimeUnit.SECONDS)
                    .headers(headers -> headers.put("Accept", ImageFormat.mimeTypes()))
                    .send(listener);
            Response response = listener.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
            try (InputStream in = listener.getInputStream()) {
                if (response.getStatus() != 200) {
                    throw failed(parameter, "its server returns status " + response.getStatus());
                }
                byte[] bytes = in.readNBytes(options.maxBodyBytes() + 1);
                if (bytes.length > options.maxBodyBytes()) {
                    throw failed(parameter, "it has more than " + options.maxBodyBytes() + " bytes");
                }
                return bytes;
            }
        } catch (IllegalArgumentException e) {
            throw failed(parameter, "it is not a valid URL: " + e.getMessage());
        } catch (ExecutionException e) {
            throw failed(parameter, Objects.requireNonNullElse(e.getCause(), e).getMessage());
        } catch (IOException e) {
            throw failed(parameter, e.getMessage());
        } catch (TimeoutException e) {
            throw failed(parameter, "its server did not answer in " + TIMEOUT_SECONDS + " s");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed(parameter, "the server is stopping");
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
