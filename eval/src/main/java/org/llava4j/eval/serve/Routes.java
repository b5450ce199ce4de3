package org.llava4j.eval.serve;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Addresses of the server with the HTTP methods that each allows. */
final class Routes {
    private static final List<String> READ_METHODS = List.of("GET", "HEAD");

    private final Map<String, List<String>> methods = new TreeMap<>();

    /**
     * @param posted addresses that take {@code POST}
     * @param read addresses that are read
     */
    Routes(Collection<String> posted, Collection<String> read) {
        posted.forEach(address -> methods.put(address, List.of("POST")));
        read.forEach(address -> methods.put(address, READ_METHODS));
    }

    /** @throws ApiException 404 for an address that does not exist, 405 for a method that it does not allow */
    void require(Exchange exchange) {
        List<String> allowed = methods.get(exchange.path());
        if (allowed == null) {
            throw new ApiException(
                    404,
                    "invalid_request_error",
                    null,
                    "not_found",
                    "there is no " + exchange.path() + "; the nearest address is " + nearest(exchange.path()));
        }
        require(exchange, allowed);
    }

    /** @throws ApiException 405 for any method but those of reading */
    void requireRead(Exchange exchange) {
        require(exchange, READ_METHODS);
    }

    private static void require(Exchange exchange, List<String> allowed) {
        if (!allowed.contains(exchange.method())) {
            exchange.header("Allow", String.join(", ", allowed));
            throw new ApiException(
                    405,
                    "invalid_request_error",
                    null,
                    "method_not_allowed",
                    exchange.path() + " wants " + String.join(" or ", allowed));
        }
    }

    /** The address with the fewest inserted, removed or replaced chars. */
    private String nearest(String path) {
        return methods.keySet().stream()
                .min(Comparator.comparingInt(address -> edits(address, path)))
                .orElseThrow();
    }

    /** Levenshtein distance, one row at a time. */
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
