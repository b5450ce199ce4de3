package org.llava4j.data;

import java.util.Locale;

/** HTML and SVG formatting of texts and numbers. */
public final class Html {
    private Html() {}

    /** Escapes a text for element content and quoted attributes; characters that HTML does not allow become U+FFFD. */
    public static String escape(String text) {
        StringBuilder safe = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            switch (c) {
                case '&' -> safe.append("&amp;");
                case '<' -> safe.append("&lt;");
                case '>' -> safe.append("&gt;");
                case '"' -> safe.append("&quot;");
                case '\'' -> safe.append("&#39;");
                default -> safe.appendCodePoint(isAllowed(c) ? c : 0xfffd);
            }
        });
        return safe.toString();
    }

    private static boolean isAllowed(int c) {
        boolean control = (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0);
        boolean loneSurrogate = c >= 0xd800 && c <= 0xdfff;
        return !control && !loneSurrogate;
    }

    /** Formats a template in the root locale, so that decimals always use a point. */
    public static String format(String template, Object... values) {
        return String.format(Locale.ROOT, template, values);
    }

    /** Formats a fraction as a percentage without the sign; NaN becomes a dash. */
    public static String percent(double fraction, int decimals) {
        return Double.isNaN(fraction) ? "–" : format("%." + decimals + "f", 100 * fraction);
    }

    /** Formats a duration: {@code 48 s}, {@code 7 min 05 s}, {@code 2 h 03 min}. */
    public static String duration(double seconds) {
        long whole = Math.round(seconds);
        if (whole < 60) {
            return format(seconds < 10 ? "%.1f s" : "%.0f s", seconds);
        }
        if (whole < 3600) {
            return format("%d min %02d s", whole / 60, whole % 60);
        }
        return format("%d h %02d min", whole / 3600, whole % 3600 / 60);
    }
}
