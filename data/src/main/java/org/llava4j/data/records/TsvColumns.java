package org.llava4j.data.records;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Parser of the columns of a tab-separated row. CC3M is published without quoting, so that a quote is part of a
 * caption; CSV writers quote columns instead. A column counts as quoted if its quotes close before a tab or the end,
 * and a writer had a reason for them: a tab, a line break or a doubled quote inside, or every column of the row has
 * quotes.
 */
final class TsvColumns {
    private static final char QUOTE = '"';
    private static final char TAB = '\t';
    private static final Pattern ADDRESS = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*://\\S.*", Pattern.DOTALL);

    private TsvColumns() {}

    /** Splits a row into columns, stripped. */
    static List<String> of(String row) {
        List<String> quoted = split(row, true);
        return quoted.isEmpty() ? split(row, false) : quoted;
    }

    /** Tests whether a row begins with an unclosed quote, so that it may continue on the next line. */
    static boolean isOpen(String row) {
        return !row.isEmpty() && row.charAt(0) == QUOTE && closing(row, 0) < 0;
    }

    /** Tests whether a column is a URL. */
    static boolean isAddress(String column) {
        return ADDRESS.matcher(column).matches();
    }

    /**
     * Splits a row.
     *
     * @param all whether every column must be quoted; the result is empty if one is not
     */
    private static List<String> split(String row, boolean all) {
        List<String> columns = new ArrayList<>();
        int at = 0;
        while (at <= row.length()) {
            int close = at < row.length() && row.charAt(at) == QUOTE ? closing(row, at) : -1;
            String inside = close < 0 ? "" : row.substring(at + 1, close);
            int end;
            if (close >= 0 && (all || needsQuotes(inside))) {
                columns.add(inside.replace("\"\"", "\"").strip());
                end = close + 1;
            } else if (all) {
                return List.of();
            } else {
                int tab = row.indexOf(TAB, at);
                end = tab < 0 ? row.length() : tab;
                columns.add(row.substring(at, end).strip());
            }
            at = end + 1;
        }
        return columns;
    }

    private static boolean needsQuotes(String inside) {
        return inside.chars().anyMatch(c -> c == QUOTE || c == TAB || c == '\n' || c == '\r');
    }

    /** Returns the closing quote before a tab or the end; -1 if there is none. */
    private static int closing(String row, int open) {
        int at = open + 1;
        while (at < row.length()) {
            if (row.charAt(at) != QUOTE) {
                at++;
            } else if (at + 1 < row.length() && row.charAt(at + 1) == QUOTE) {
                at += 2;
            } else {
                return at + 1 == row.length() || row.charAt(at + 1) == TAB ? at : -1;
            }
        }
        return -1;
    }
}
