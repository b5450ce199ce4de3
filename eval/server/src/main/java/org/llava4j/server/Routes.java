package org.llava4j.server;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Paths of the server with the HTTP methods that each allows. */
final class Routes {
    private static final List<String> READ_METHODS = List.of("GET", "HEAD");

    private final Map<String, List<String>> methods = new TreeMap<>();
    private final String readPrefix;

    /**
     * @param posted paths that accept {@code POST}
     * @param read paths that accept {@code GET} and {@code HEAD}
     * @param readPrefix start of further paths that accept {@code GET} and {@code HEAD}
     */
    Routes(Collection<String> posted, Collection<String> read, String readPrefix) {
        this.readPrefix = readPrefix;
        posted.forEach(path -> methods.put(path, List.of("POST")));
        read.forEach(path -> methods.put(path, READ_METHODS));
    }

    /**
     * Checks path and method of a request.
     *
     * @throws ApiException 404 for an unknown path, 405 for a method that the path does not allow
     */
    void require(Exchange exchange) {
        List<String> allowed = requireKnown(exchange);
        if (!allowed.contains(exchange.method())) {
            exchange.header("Allow", allowHeader(allowed));
            throw ApiException.rejected(
                    405, "method_not_allowed", exchange.path() + " allows only " + String.join(" or ", allowed));
        }
    }

    /**
     * Answers an {@code OPTIONS} request with the methods that the path allows.
     *
     * @throws ApiException 404 for an unknown path
     */
    void sendOptions(Exchange exchange) {
        exchange.header("Allow", allowHeader(requireKnown(exchange)));
        exchange.sendNoContent();
    }

    private static String allowHeader(List<String> methods) {
        return String.join(", ", methods) + ", OPTIONS";
    }

    /** The methods of the request's path. */
    private List<String> requireKnown(Exchange exchange) {
        String path = exchange.path();
        List<String> allowed = path.startsWith(readPrefix) ? READ_METHODS : methods.get(path);
        if (allowed == null) {
            throw ApiException.rejected(
                    404, "not_found", "there is no " + path + "; the closest path is " + nearest(path));
        }
        return allowed;
    }

    /** The known path with the smallest edit distance. */
    private String nearest(String path) {
        return methods.keySet().stream()
                .min(Comparator.comparingInt(known -> edits(known, path)))
                .orElseThrow();
    }

    /** Levenshtein distance, computed row by row. */
    private static int edits(String from, String to) {
        int[] row = new int[from.length() + 1];
        for (int i = 0; i <= from.length(); i++) {
            row[i] = i;
        }
        for (int j = 1; j <= to.length(); j++) {
            int diagonal = row[0];
            row[0] = j;
            for (int i = 1; i <= from.length(); i++) {
                int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                diagonal = row[i];
                row[i] = Math.min(replaced, 1 + Math.min(row[i - 1], row[i]));
            }
        }
        return row[from.length()];
    }
}
