package org.llava4j.data.image;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** Unsupported image formats, detected by their first bytes so that an error can name them. */
final class UnsupportedImageFormats {
    /** Format names by the first bytes; a dot matches any byte. */
    private static final Map<String, String> SIGNATURES = new LinkedHashMap<>();

    static {
        SIGNATURES.put("GIF8", "GIF");
        SIGNATURES.put("RIFF....WEBP", "WebP");
        SIGNATURES.put("BM", "BMP");
        SIGNATURES.put("II*\0", "TIFF");
        SIGNATURES.put("MM\0*", "TIFF");
        SIGNATURES.put("....ftypavif", "AVIF");
        SIGNATURES.put("....ftyphei", "HEIC");
        SIGNATURES.put("....ftypmif1", "HEIC");
        SIGNATURES.put("%PDF", "PDF");
        SIGNATURES.put("<svg", "SVG");
        SIGNATURES.put("data:", "data URL");
    }

    private UnsupportedImageFormats() {}

    /** Returns " but FORMAT" if the format is known, else an empty string. */
    static String describe(byte[] bytes) {
        String head = new String(bytes, 0, Math.min(bytes.length, 16), StandardCharsets.ISO_8859_1);
        return SIGNATURES.entrySet().stream()
                .filter(entry -> matches(head, entry.getKey()))
                .map(entry -> " but " + entry.getValue())
                .findFirst()
                .orElse("");
    }

    private static boolean matches(String head, String signature) {
        if (head.length() < signature.length()) {
            return false;
        }
        for (int i = 0; i < signature.length(); i++) {
            if (signature.charAt(i) != '.' && signature.charAt(i) != head.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
