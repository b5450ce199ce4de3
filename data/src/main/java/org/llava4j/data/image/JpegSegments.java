package org.llava4j.data.image;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Segments of a JPEG file: its size, color space, orientation and number of scans. Bytes between segments are skipped,
 * as decoders do.
 */
final class JpegSegments {
    private static final int APP0 = 0xe0;
    private static final int APP1 = 0xe1;
    private static final int APP14 = 0xee;
    private static final int APP15 = 0xef;
    private static final int COMMENT = 0xfe;
    private static final int START_OF_SCAN = 0xda;
    private static final int END_OF_IMAGE = 0xd9;
    private static final int START_OF_IMAGE = 0xd8;
    private static final int FIRST_RESTART = 0xd0;
    private static final int TEM = 0x01;
    private static final String EXIF = "Exif\0\0";
    private static final String ADOBE = "Adobe";
    private static final int ADOBE_BYTES = 12;
    private static final int TRANSFORM_NONE = 0;
    private static final int TRANSFORM_YCC = 1;
    private static final int TRANSFORM_YCCK = 2;

    private final byte[] bytes;
    /** The file without applications' segments, which could change the decoded colors. */
    private final ByteArrayOutputStream stripped;

    private int width;
    private int height;
    private int components;
    private int componentIds;
    private int scans;
    private int orientation = 1;
    private boolean jfif;
    private int adobeTransform = -1;

    private JpegSegments(byte[] bytes) {
        this.bytes = bytes;
        this.stripped = new ByteArrayOutputStream(bytes.length + 2 + 2 + ADOBE_BYTES);
    }

    static JpegSegments parse(byte[] bytes) throws IOException {
        JpegSegments segments = new JpegSegments(bytes);
        segments.walk();
        if (segments.components == 0 || segments.width < 1 || segments.height < 1) {
            throw new IOException("it has no frame header with a size");
        }
        return segments;
    }

    private void walk() throws IOException {
        int copied = 2;
        int at = 2;
        while (true) {
            int marker = nextMarker(at);
            if (marker < 0) {
                break;
            }
            int kind = bytes[marker] & 0xff;
            at = marker + 1;
            if (kind == END_OF_IMAGE) {
                break;
            }
            if (kind == TEM || kind >= FIRST_RESTART && kind <= START_OF_IMAGE) {
                continue;
            }
            int end = at + 2 > bytes.length ? Integer.MAX_VALUE : at + unsigned16(at);
            if (end > bytes.length || end < at + 2) {
                if (scans > 0) {
                    break;
                }
                throw new TruncatedImageException();
            }
            segment(kind, at + 2, end);
            if (scans == 0 && (kind >= APP0 && kind <= APP15 || kind == COMMENT)) {
                stripped.write(bytes, copied, marker - 1 - copied);
                copied = end;
            }
            at = end;
        }
        stripped.write(bytes, copied, bytes.length - copied);
    }

    /** Position of the next marker's second byte; -1 if there is none. */
    private int nextMarker(int from) {
        for (int i = from; i + 1 < bytes.length; i++) {
            int kind = bytes[i + 1] & 0xff;
            if (bytes[i] == (byte) 0xff && kind != 0 && kind != 0xff) {
                return i + 1;
            }
        }
        return -1;
    }

    private void segment(int kind, int from, int end) throws IOException {
        if (kind == START_OF_SCAN) {
            scans++;
        } else if (kind == APP0 && startsWith(from, end, "JFIF\0")) {
            jfif = true;
        } else if (kind == APP14 && startsWith(from, end, ADOBE) && end - from >= ADOBE_BYTES) {
            adobeTransform = bytes[from + ADOBE_BYTES - 1] & 0xff;
        } else if (kind == APP1 && orientation == 1 && startsWith(from, end, EXIF)) {
            int at = from + EXIF.length();
            orientation = TiffDirectory.exifOrientation(ByteBuffer.wrap(bytes, at, end - at));
        } else if (isFrameHeader(kind)) {
            frame(from, end);
        }
    }

    private static boolean isFrameHeader(int kind) {
        return kind >= 0xc0 && kind <= 0xcf && kind != 0xc4 && kind != 0xc8 && kind != 0xcc;
    }

    private void frame(int from, int end) throws IOException {
        if (end - from < 6 || components > 0) {
            throw new IOException("its frame header is damaged");
        }
        height = unsigned16(from + 1);
        width = unsigned16(from + 3);
        components = bytes[from + 5] & 0xff;
        if (components == 0 || end - from < 6 + 3 * components) {
            throw new IOException("its frame header is damaged");
        }
        for (int i = 0; i < Math.min(3, components); i++) {
            componentIds = componentIds << 8 | bytes[from + 6 + 3 * i] & 0xff;
        }
    }

    private boolean startsWith(int from, int end, String text) {
        return end - from >= text.length()
                && new String(bytes, from, text.length(), StandardCharsets.ISO_8859_1).equals(text);
    }

    private int unsigned16(int at) {
        return (bytes[at] & 0xff) << 8 | bytes[at + 1] & 0xff;
    }

    int width() {
        return width;
    }

    int height() {
        return height;
    }

    int components() {
        return components;
    }

    int scans() {
        return scans;
    }

    int orientation() {
        return orientation;
    }

    boolean isYcck() {
        return components == 4 && adobeTransform == TRANSFORM_YCCK;
    }

    /**
     * The file without metadata, profiles and comments, with the color space said in an Adobe segment. ImageIO guesses
     * the color space of files that do not say it in another way than libjpeg, which Pillow uses, and converts colors by
     * profiles, which Pillow does not.
     */
    byte[] normalized() {
        byte[] body = stripped.toByteArray();
        if (components < 3) {
            return withStart(body, new byte[0]);
        }
        ByteBuffer adobe = ByteBuffer.allocate(4 + ADOBE_BYTES);
        adobe.put((byte) 0xff).put((byte) APP14).putShort((short) (2 + ADOBE_BYTES));
        adobe.put(ADOBE.getBytes(StandardCharsets.ISO_8859_1));
        adobe.put(adobe.capacity() - 1, (byte) transform());
        return withStart(body, adobe.array());
    }

    /** The color space by libjpeg's rules. */
    private int transform() {
        if (components == 4) {
            return isYcck() ? TRANSFORM_YCCK : TRANSFORM_NONE;
        }
        if (jfif) {
            return TRANSFORM_YCC;
        }
        if (adobeTransform >= 0) {
            return adobeTransform == TRANSFORM_NONE ? TRANSFORM_NONE : TRANSFORM_YCC;
        }
        return componentIds == ('R' << 16 | 'G' << 8 | 'B') ? TRANSFORM_NONE : TRANSFORM_YCC;
    }

    private static byte[] withStart(byte[] body, byte[] segment) {
        ByteBuffer file = ByteBuffer.allocate(2 + segment.length + body.length);
        return file.put((byte) 0xff)
                .put((byte) START_OF_IMAGE)
                .put(segment)
                .put(body)
                .array();
    }
}
