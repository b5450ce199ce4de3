package org.llava4j.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.llava4j.data.JsonInput;

/**
 * The web page at {@code /} and its assets, read once from this package's resources. The page requests nothing from
 * other servers.
 */
final class WebPage {
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self';"
            + " img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none';"
            + " frame-ancestors 'none'";

    private final Map<String, Asset> assets = new TreeMap<>();

    private record Asset(String type, byte[] bytes) {}

    WebPage(ModelInfo modelInfo) {
        assets.put("/", file("page.html", "text/html; charset=utf-8"));
        assets.put("/page.css", file("page.css", "text/css; charset=utf-8"));
        assets.put("/page.js", file("page.js", "text/javascript; charset=utf-8"));
        assets.put("/example.png", file("example.png", "image/png"));
        assets.put("/icon.svg", file("icon.svg", "image/svg+xml"));
        byte[] json = JsonInput.write(modelInfo).getBytes(StandardCharsets.UTF_8);
        assets.put("/model-info.json", new Asset("application/json", json));
    }

    private static Asset file(String name, String type) {
        try (InputStream in = WebPage.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the asset " + name + " of the web page is not packaged");
            }
            return new Asset(type, in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Paths of the assets. */
    Set<String> paths() {
        return assets.keySet();
    }

    /** Sends the asset at the request's path, which must be one of {@link #paths}. */
    void send(Exchange exchange) {
        Asset asset = Objects.requireNonNull(assets.get(exchange.path()), exchange.path());
        exchange.header("Content-Security-Policy", POLICY);
        exchange.header("Referrer-Policy", "no-referrer");
        exchange.header("Cache-Control", "no-cache");
        exchange.send(200, asset.type(), asset.bytes());
    }
}
