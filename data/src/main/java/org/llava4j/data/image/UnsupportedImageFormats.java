package org.llava4j.data.image;

import java.util.LinkedHashMap;
import java.util.Map;

/** Unsupported image formats, detected by their first bytes so that an error can name them. */
final class UnsupportedImageFormats {
    /** Format names by signature; see {@link ImageFormat#startsWith}. */
    private static final Map<String, String> SIGNATURES = new LinkedHashMap<>();

    static {
        SIGNATURES.put("....ftypavif", "AVIF");
        SIGNATURES.put("....ftyphei", "HEIC");
        SIGNATURES.put("....ftypmif1", "HEIC");
        SIGNATURES.put("II+\0", "BigTIFF");
        SIGNATURES.put("MM\0+", "BigTIFF");
        SIGNATURES.put("%PDF", "PDF");
        SIGNATURES.put("<svg", "SVG");
        SIGNATURES.put("data:", "data URL");
    }

    private UnsupportedImageFormats() {}

    /** Returns " but FORMAT" if the format is known, else an empty string. */
    static String describe(byte[] bytes) {
        return SIGNATURES.entrySet().stream()
                .filter(entry -> ImageFormat.startsWith(bytes, entry.getKey()))
                .map(entry -> " but " + entry.getValue())
                .findFirst()
                .orElse("");
    }
}
