package org.llava4j.data.image;

import java.io.ByteArrayOutputStream;

/**
 * Removal of ICC profiles from JPEG files. With a profile ImageIO converts the colors, while the reference
 * implementation uses the stored values.
 */
final class JpegProfiles {
    /** Marker of the segments that contain profiles. */
    private static final int APP2 = 0xe2;

    /** Markers that are followed by entropy-coded data, or by nothing. */
    private static final int START_OF_SCAN = 0xda;

    private static final int END_OF_IMAGE = 0xd9;

    private JpegProfiles() {}

    /** Removes the profiles. Scanning stops at anything that is not a segment; the decoder then reports it. */
    static byte[] remove(byte[] jpeg) {
        ByteArrayOutputStream kept = new ByteArrayOutputStream(jpeg.length);
        int at = 2;
        kept.write(jpeg, 0, at);
        while (at + 4 <= jpeg.length && (jpeg[at] & 0xff) == 0xff) {
            int kind = jpeg[at + 1] & 0xff;
            int end = at + 2 + (((jpeg[at + 2] & 0xff) << 8) | (jpeg[at + 3] & 0xff));
            if (kind == START_OF_SCAN || kind == END_OF_IMAGE || end > jpeg.length) {
                break;
            }
            if (kind != APP2) {
                kept.write(jpeg, at, end - at);
            }
            at = end;
        }
        kept.write(jpeg, at, jpeg.length - at);
        return kept.toByteArray();
    }
}
