package org.llava4j.data.image;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** Image formats that are not read, known by their first bytes so that an error can name them. */
final class UnsupportedImageFormats {
    /** By a part of the first bytes; a dot stands for any byte. */
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

    /** " but FORMAT" where the format is known, else empty. */
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
