package org.llava4j.data.image;

import java.io.ByteArrayOutputStream;

/**
 * Takes the ICC profiles out of a JPEG: with one in place, ImageIO converts the colours by it, while the published
 * code takes them as they are stored.
 */
final class JpegProfiles {
    /** Profiles travel in segments of this kind. */
    private static final int APP2 = 0xe2;

    /** After these two come entropy-coded data, or nothing. */
    private static final int START_OF_SCAN = 0xda;

    private static final int END_OF_IMAGE = 0xd9;

    private JpegProfiles() {}

    /** Anything that does not look like a segment ends the search; the decoder then judges it. */
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
