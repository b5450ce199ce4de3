package org.llava4j.data.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.HostileImages;

/** Images that would take unbounded time or memory, and random changes of valid images (fixed seeds). */
class HostileImagesTest {
    private static final int FUZZ_ROUNDS = 60;

    private static void decode(byte[] bytes) {
        ImageFiles.decode(bytes, "image", DecodeOptions.DEFAULT);
    }

    private static void assertRejected(byte[] bytes, String reason) {
        assertThatThrownBy(() -> decode(bytes))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(reason)
                .hasMessageNotContaining("\n");
    }

    @Test
    void decodeReadsProgressiveJpegWithOrdinaryScans() throws IOException {
        decode(HostileImages.progressiveJpeg(64, 0));
        decode(HostileImages.progressiveJpeg(64, 20));
    }

    @Test
    void decodeRejectsJpegWithManyScans() throws IOException {
        assertRejected(HostileImages.progressiveJpeg(64, 100), "scans, more than a camera or an editor writes");
    }

    @Test
    void decodeRejectsLargeJpegWithFewerScans() throws IOException {
        assertRejected(HostileImages.progressiveJpeg(6000, 25), "scans, more than a camera or an editor writes");
    }

    @Test
    void scansOfThumbnailDoNotCount() throws IOException {
        byte[] jpeg = HostileImages.progressiveJpeg(64, 0);
        byte[] thumbnail = new byte[4000];
        for (int i = 0; i + 1 < thumbnail.length; i += 2) {
            thumbnail[i] = (byte) 0xff;
            thumbnail[i + 1] = (byte) 0xda;
        }
        ByteBuffer file = ByteBuffer.allocate(jpeg.length + thumbnail.length + 4);
        file.put(jpeg, 0, 2).putShort((short) 0xffe1).putShort((short) (thumbnail.length + 2));
        file.put(thumbnail).put(jpeg, 2, jpeg.length - 2);
        decode(file.array());
    }

    static String[] formats() {
        return new String[] {
            "rgb.png", "jp75_1.jpg", "ll.webp", "lossy75.webp", "P.gif", "rgb.bmp", "rgb_tiff_lzw.tif", "F_tiff_lzw.tif"
        };
    }

    @ParameterizedTest
    @MethodSource("formats")
    void checkCancelsDecoding(String name) throws IOException {
        byte[] bytes = ImageFormatsTest.image(name);
        AtomicInteger checks = new AtomicInteger();
        Runnable cancel = () -> {
            checks.incrementAndGet();
            throw new DecodeCancelledException("enough");
        };
        DecodeOptions options = new DecodeOptions(ImageFiles.MAX_PIXELS, ExifOrientation.IGNORE, cancel);
        assertThatThrownBy(() -> ImageFiles.decode(bytes, name, options))
                .isInstanceOf(DecodeCancelledException.class)
                .hasMessage("enough");
        assertThat(checks.get()).isPositive();
    }

    @Test
    void checkRunsAboutOnceAScan() throws IOException {
        AtomicInteger checks = new AtomicInteger();
        byte[] jpeg = HostileImages.progressiveJpeg(64, 30);
        DecodeOptions options =
                new DecodeOptions(ImageFiles.MAX_PIXELS, ExifOrientation.IGNORE, checks::incrementAndGet);
        ImageFiles.decode(jpeg, "image", options);
        assertThat(checks.get()).isGreaterThanOrEqualTo(jpeg.length / 256);
    }

    @Test
    void interruptCancelsDecoding() throws IOException {
        byte[] bytes = ImageFormatsTest.image("rgb.png");
        Thread.currentThread().interrupt();
        try {
            assertThatThrownBy(() -> decode(bytes)).isInstanceOf(DecodeCancelledException.class);
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void decodeRejectsHugeHeaders() throws IOException {
        byte[] gif = ImageFormatsTest.image("P.gif");
        ByteBuffer.wrap(gif)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort(6, (short) 65535)
                .putShort(8, (short) 65535);
        assertRejected(gif, "65535 x 65535");
        byte[] bmp = ImageFormatsTest.image("rgb.bmp");
        ByteBuffer.wrap(bmp)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(18, 2_000_000_000)
                .putInt(22, -2_000_000_000);
        assertRejected(bmp, "2000000000 x 2000000000");
        byte[] webp = ImageFormatsTest.image("lossy75.webp");
        ByteBuffer.wrap(webp)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort(26, (short) 16383)
                .putShort(28, (short) 16383);
        assertRejected(webp, "16383 x 16383");
        byte[] tiff = ImageFormatsTest.image("rgb.tif");
        setTag(tiff, 256, 1_000_000);
        setTag(tiff, 257, 1_000_000);
        assertRejected(tiff, "1000000 x 1000000");
    }

    @Test
    void decodeRejectsTiffWhoseFieldsAskForMuch() throws IOException {
        byte[] samples = ImageFormatsTest.image("rgb.tif");
        setTag(samples, 277, 65_535);
        assertRejected(samples, "65535 samples");
        byte[] counts = ImageFormatsTest.image("rgb.tif");
        setTag(counts, 279, Integer.MAX_VALUE);
        assertRejected(counts, "strips or tiles");
    }

    @Test
    void decodeIgnoresCycleOfTiffDirectories() throws IOException {
        byte[] tiff = ImageFormatsTest.image("rgb.tif");
        ByteBuffer file = ByteBuffer.wrap(tiff).order(ByteOrder.LITTLE_ENDIAN);
        int directory = file.getInt(4);
        int next = directory + 2 + 12 * file.getShort(directory);
        file.putInt(next, directory);
        assertThat(ImageFiles.decode(tiff, "cycle", DecodeOptions.DEFAULT))
                .isEqualTo(ImageFiles.decode(ImageFormatsTest.image("rgb.tif"), "plain", DecodeOptions.DEFAULT));
    }

    private static void setTag(byte[] tiff, int tag, int value) {
        ByteBuffer file = ByteBuffer.wrap(tiff).order(ByteOrder.LITTLE_ENDIAN);
        int directory = file.getInt(4);
        for (int i = 0; i < file.getShort(directory); i++) {
            int entry = directory + 2 + 12 * i;
            if (file.getShort(entry) == tag) {
                file.putShort(entry + 2, (short) 4).putInt(entry + 4, 1).putInt(entry + 8, value);
                return;
            }
        }
        throw new AssertionError("no tag " + tag);
    }

    @ParameterizedTest
    @MethodSource("org.llava4j.data.image.ImageFormatsTest#images")
    void damagedImageIsReadOrRejected(String name) throws IOException {
        byte[] valid = ImageFormatsTest.image(name);
        Random random = new Random(name.hashCode());
        for (int round = 0; round < FUZZ_ROUNDS; round++) {
            byte[] damaged = damage(valid, random);
            try {
                decode(damaged);
            } catch (BadInputException e) {
                assertThat(e.getMessage()).as("round %d", round).isNotBlank().doesNotContain("\n");
            } catch (RuntimeException | Error e) {
                throw new AssertionError("round " + round + " of " + name + " ended in " + e, e);
            }
        }
    }

    private static byte[] damage(byte[] valid, Random random) {
        byte[] bytes = valid.clone();
        for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
            int reach = random.nextBoolean() ? bytes.length : Math.min(bytes.length, 200);
            int at = random.nextInt(reach);
            int size = Math.min(bytes.length - at, 1 + random.nextInt(8));
            switch (random.nextInt(5)) {
                case 0 -> bytes[at] = (byte) random.nextInt(256);
                case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 2 -> bytes = Arrays.copyOf(bytes, at + 1);
                case 3 -> Arrays.fill(bytes, at, at + size, (byte) 0xff);
                default -> System.arraycopy(valid, random.nextInt(valid.length - size + 1), bytes, at, size);
            }
        }
        return bytes;
    }
}
