package org.llava4j.server;

import java.net.URI;
import java.time.Duration;
import java.util.Collection;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.handler.CrossOriginHandler;
import org.llava4j.data.BadInputException;

/** Web pages of other origins that may call the API from a browser. */
final class CorsOrigins {
    private static final String ANY = "*";
    /** The preflight of a page is repeated after this time. */
    private static final Duration PREFLIGHT_AGE = Duration.ofHours(1);

    private CorsOrigins() {}

    /**
     * Checks an origin: {@code *}, or what a browser sends in {@code Origin} (RFC 6454, section 6.2).
     *
     * @throws BadInputException if no browser sends it
     */
    static void require(String origin) {
        if (!origin.equals(ANY) && !isOrigin(origin)) {
            throw new BadInputException("the CORS origin '" + origin + "' is not an origin, as a browser sends it; give"
                    + " scheme, host and port in lower case without a path, such as https://example.com or"
                    + " http://localhost:3000, or * for all");
        }
    }

    private static boolean isOrigin(String origin) {
        try {
            URI uri = URI.create(origin);
            return uri.getScheme() != null
                    && uri.getHost() != null
                    && uri.getPort() != defaultPort(uri.getScheme())
                    && origin.equals(uri.getScheme() + "://" + uri.getAuthority())
                    && uri.getUserInfo() == null
                    && origin.equals(origin.toLowerCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** The port that browsers leave out of the origin. */
    private static int defaultPort(String scheme) {
        return switch (scheme) {
            case "http" -> 80;
            case "https" -> 443;
            default -> 0;
        };
    }

    /**
     * Wraps a handler so that pages of these origins may send requests and read responses. It answers the preflights of
     * such pages itself, before the API key is checked, since browsers send them without one.
     */
    static Handler allow(Collection<String> origins, Handler handler) {
        CrossOriginHandler cors = new CrossOriginHandler();
        cors.setAllowedOriginPatterns(origins.stream()
                .map(origin -> origin.equals(ANY) ? ANY : Pattern.quote(origin))
                .collect(Collectors.toSet()));
        cors.setAllowedMethods(Set.of("GET", "HEAD", "POST"));
        // The wildcard does not cover Authorization (Fetch standard, section 4.9).
        cors.setAllowedHeaders(Set.of(HttpHeader.AUTHORIZATION.asString(), ANY));
        cors.setExposedHeaders(Set.of("Retry-After"));
        // The API key is a header of the page's own code, not a credential that the browser adds.
        cors.setAllowCredentials(false);
        cors.setPreflightMaxAge(PREFLIGHT_AGE);
        cors.setHandler(handler);
        return cors;
    }
}
