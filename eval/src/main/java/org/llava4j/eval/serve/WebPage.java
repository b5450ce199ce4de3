package org.llava4j.eval.serve;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.llava4j.data.JsonInput;

/** The page at {@code /} and its parts: files of this package, read once. It asks nothing of any other server. */
final class WebPage {
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self';"
            + " img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none';"
            + " frame-ancestors 'none'";

    private final Map<String, Asset> parts = new TreeMap<>();

    private record Asset(String type, byte[] bytes) {}

    WebPage(ModelInfo facts) {
        parts.put("/", file("page.html", "text/html; charset=utf-8"));
        parts.put("/page.css", file("page.css", "text/css; charset=utf-8"));
        parts.put("/page.js", file("page.js", "text/javascript; charset=utf-8"));
        parts.put("/example.png", file("example.png", "image/png"));
        parts.put("/icon.svg", file("icon.svg", "image/svg+xml"));
        byte[] json = JsonInput.write(facts).getBytes(StandardCharsets.UTF_8);
        parts.put("/facts.json", new Asset("application/json", json));
    }

    private static Asset file(String name, String type) {
        try (InputStream in = WebPage.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the part " + name + " of the page is not packaged");
            }
            return new Asset(type, in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Addresses of the parts. */
    Set<String> paths() {
        return parts.keySet();
    }

    /** Sends the part at a request's path, which is one of {@link #paths}. */
    void send(Exchange exchange) throws IOException {
        Asset part = parts.get(exchange.path());
        exchange.header("Content-Security-Policy", POLICY);
        exchange.header("Referrer-Policy", "no-referrer");
        exchange.header("Cache-Control", "no-cache");
        exchange.send(200, part.type(), part.bytes());
    }
}
