package org.llava4j.data.image;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** File formats of images, detected by their first bytes, because file extensions are often wrong. */
public enum ImageFormat {
    PNG("image/png", PngImage::new, "\u0089PNG\r\n\u001a\n"),
    JPEG("image/jpeg", JpegImage::new, "\u00ff\u00d8\u00ff"),
    WEBP("image/webp", WebpImage::new, "RIFF....WEBP"),
    GIF("image/gif", GifImage::new, "GIF87a", "GIF89a"),
    BMP("image/bmp", BmpImage::new, "BM"),
    TIFF("image/tiff", TiffImage::new, "II*\0", "MM\0*");

    /** All formats in one phrase, for messages. */
    public static final String NAMES = "PNG, JPEG, WebP, GIF, BMP or TIFF";

    private final String mimeType;
    private final HeaderReader header;
    private final List<String> signatures;

    /** Reads a header. */
    private interface HeaderReader {
        ParsedImage read(byte[] bytes) throws IOException;
    }

    ImageFormat(String mimeType, HeaderReader header, String... signatures) {
        this.mimeType = mimeType;
        this.header = header;
        this.signatures = List.of(signatures);
    }

    /** Media type, such as {@code image/png}. */
    public String mimeType() {
        return mimeType;
    }

    /** The media types of all formats, separated by commas, as HTML and HTTP list them. */
    public static String mimeTypes() {
        return Arrays.stream(values()).map(ImageFormat::mimeType).collect(Collectors.joining(","));
    }

    /** The format of encoded bytes; null if it is none of these. */
    public static @Nullable ImageFormat of(byte[] bytes) {
        for (ImageFormat format : values()) {
            if (format.signatures.stream().anyMatch(signature -> startsWith(bytes, signature))) {
                return format;
            }
        }
        return null;
    }

    ParsedImage parse(byte[] bytes) throws IOException {
        return header.read(bytes);
    }

    /** Whether bytes begin with a signature; a dot matches any byte. */
    static boolean startsWith(byte[] bytes, String signature) {
        if (bytes.length < signature.length()) {
            return false;
        }
        byte[] expected = signature.getBytes(StandardCharsets.ISO_8859_1);
        for (int i = 0; i < expected.length; i++) {
            if (expected[i] != '.' && expected[i] != bytes[i]) {
                return false;
            }
        }
        return true;
    }
}
