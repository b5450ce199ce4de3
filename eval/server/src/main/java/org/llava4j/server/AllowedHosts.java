package org.llava4j.server;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpHeader;
import org.llava4j.data.BadInputException;

/**
 * Names under which a server without an API key answers, and the pages that may call it. A web page can make its own name
 * point to this server (DNS rebinding); the browser then sends that name in {@code Host}. Addresses are safe, since a page
 * has no name of its own there.
 */
final class AllowedHosts {
    private static final String ANY = "*";
    private static final Pattern ADDRESS = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}|\\[[0-9a-f:.]+]");
    private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9_.-]*[a-z0-9])?");

    private final String boundHost;
    private final Set<String> names;
    private final Set<String> corsOrigins;

    AllowedHosts(ServerOptions options) {
        boundHost = options.host().toLowerCase(Locale.ROOT);
        names = options.allowedHosts();
        corsOrigins = options.corsOrigins();
    }

    /**
     * Checks a name of {@link ServerOptions.Builder#allowedHosts}.
     *
     * @throws BadInputException if it is not a name without a port, or {@code *}
     */
    static void require(String name) {
        if (!name.equals(ANY) && !NAME.matcher(name).matches()) {
            throw new BadInputException(
                    "the allowed host '" + name + "' is not a host name; give it in lower case without a"
                            + " port, such as llava.example.com, or * for all");
        }
    }

    /** Whether other machines can reach a server that listens on this name or address; false if it is unknown. */
    static boolean isReachable(String host) {
        try {
            return !InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }

    /**
     * Checks the headers {@code Host} and {@code Origin} of a request.
     *
     * @throws ApiException 403 if one of them is not allowed
     */
    void require(Exchange exchange) {
        String authority = Objects.requireNonNullElse(exchange.header(HttpHeader.HOST.asString()), "");
        String host = host(authority);
        if (!host.isEmpty() && !isAllowed(host)) {
            throw ApiException.rejected(
                    403,
                    "host_not_allowed",
                    "this server does not answer as '" + host + "'; start it with an API key, or with --allowed-host "
                            + host);
        }
        String origin = exchange.header(HttpHeader.ORIGIN.asString());
        if (origin != null && !isAllowed(origin, authority)) {
            throw ApiException.rejected(
                    403,
                    "origin_not_allowed",
                    "pages of '" + origin
                            + "' may not call this server; start it with an API key, or with --cors-origin " + origin);
        }
    }

    private boolean isAllowed(String host) {
        return host.equals("localhost")
                || host.endsWith(".localhost")
                || host.equals(boundHost)
                || ADDRESS.matcher(host).matches()
                || names.contains(host)
                || names.contains(ANY);
    }

    private boolean isAllowed(String origin, String authority) {
        if (corsOrigins.contains(origin) || corsOrigins.contains(ANY)) {
            return true;
        }
        try {
            return authority.equalsIgnoreCase(URI.create(origin).getRawAuthority());
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** The host of an authority, in lower case without port and final dot. */
    private static String host(String authority) {
        String host = authority.toLowerCase(Locale.ROOT).replaceFirst(":\\d*$", "");
        return host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
    }
}
