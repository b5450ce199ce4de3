package org.llava4j.data.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.llava4j.data.image.TestPng.GRAY;
import static org.llava4j.data.image.TestPng.GRAY_ALPHA;
import static org.llava4j.data.image.TestPng.PALETTE;
import static org.llava4j.data.image.TestPng.RGB;
import static org.llava4j.data.image.TestPng.RGBA;

import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.Golden;

/** PNG and JPEG decoding; the expected bytes of every PNG are those of Pillow 12.3. */
class ImageFilesTest {
    private static final int[] FOUR_COLORS = {10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120};

    @TempDir
    Path folder;

    @Test
    void grayIsReplicatedAtEveryDepth() throws IOException {
        assertGray(new TestPng(8, 1, GRAY).row(0xa5), 255, 0, 255, 0, 0, 255, 0, 255);
        assertGray(new TestPng(4, 2, GRAY).row(0x1b), 0, 85, 170, 255);
        assertGray(new TestPng(4, 4, GRAY).row(0x01, 0xf7), 0, 17, 255, 119);
        assertGray(new TestPng(3, 8, GRAY).row(0, 0x80, 0xff), 0, 128, 255);
    }

    @Test
    void grayWithTransparentValueIsUnchanged() throws IOException {
        assertGray(new TestPng(8, 1, GRAY).chunk("tRNS", 0, 0).row(0xa5), 255, 0, 255, 0, 0, 255, 0, 255);
        assertGray(new TestPng(4, 2, GRAY).chunk("tRNS", 0, 1).row(0x1b), 0, 85, 170, 255);
        assertGray(new TestPng(3, 8, GRAY).chunk("tRNS", 0, 0x80).row(0, 0x80, 0xff), 0, 128, 255);
    }

    @Test
    void sixteenBitGrayIsClippedOrReducedWithAlpha() throws IOException {
        assertGray(new TestPng(4, 16, GRAY).row(0, 9, 0, 255, 0x12, 0x34, 0xff, 0x80), 9, 255, 255, 255);
        assertGray(new TestPng(2, 16, GRAY).chunk("tRNS", 0, 9).row(0, 9, 0x12, 0x34), 9, 255);
        assertGray(new TestPng(2, 16, GRAY_ALPHA).row(7, 255, 0, 0, 200, 128, 100, 3), 7, 200);
    }

    @Test
    void alphaIsDropped() throws IOException {
        assertGray(new TestPng(2, 8, GRAY_ALPHA).row(7, 0, 200, 100), 7, 200);
        assertRgb(new TestPng(2, 8, RGBA).row(1, 2, 3, 0, 200, 100, 50, 128), 1, 2, 3, 200, 100, 50);
        assertRgb(new TestPng(1, 16, RGBA).row(1, 255, 2, 128, 3, 127, 0, 0), 1, 2, 3);
        assertRgb(
                new TestPng(2, 8, RGB).chunk("tRNS", 0, 1, 0, 2, 0, 3).row(1, 2, 3, 200, 100, 50),
                1,
                2,
                3,
                200,
                100,
                50);
    }

    @Test
    void sixteenBitRgbIsReducedToUpperByte() throws IOException {
        assertRgb(new TestPng(1, 16, RGB).row(1, 255, 2, 128, 3, 127), 1, 2, 3);
    }

    @Test
    void paletteIsLookedUpAtEveryDepth() throws IOException {
        int[] allFour = FOUR_COLORS;
        assertRgb(new TestPng(4, 2, PALETTE).chunk("PLTE", FOUR_COLORS).row(0x1b), allFour);
        assertRgb(new TestPng(4, 4, PALETTE).chunk("PLTE", FOUR_COLORS).row(0x01, 0x23), allFour);
        assertRgb(new TestPng(4, 8, PALETTE).chunk("PLTE", FOUR_COLORS).row(0, 1, 2, 3), allFour);
        assertRgb(
                new TestPng(4, 8, PALETTE)
                        .chunk("PLTE", FOUR_COLORS)
                        .chunk("tRNS", 0, 0x80)
                        .row(0, 1, 2, 3),
                allFour);
        int[] two = {10, 20, 30, 40, 50, 60};
        assertRgb(new TestPng(2, 1, PALETTE).chunk("PLTE", two).row(0x40), two);
    }

    @Test
    void gammaChunkIsIgnored() throws IOException {
        assertGray(new TestPng(3, 8, GRAY).chunk("gAMA", 0, 1, 0x86, 0xa0).row(0, 0x80, 0xff), 0, 128, 255);
    }

    @Test
    void jpegProfileIsIgnored() throws IOException {
        byte[] plain = Files.readAllBytes(Golden.path("d_preproc/jpeg_160x120.jpg"));
        byte[] profile = ICC_Profile.getInstance(ColorSpace.CS_LINEAR_RGB).getData();
        ByteBuffer tagged = ByteBuffer.allocate(plain.length + profile.length + 18);
        tagged.put(plain, 0, 2).putShort((short) 0xffe2).putShort((short) (profile.length + 16));
        tagged.put("ICC_PROFILE\0".getBytes(StandardCharsets.US_ASCII))
                .put((byte) 1)
                .put((byte) 1)
                .put(profile);
        tagged.put(plain, 2, plain.length - 2);
        assertThat(read(tagged.array())).isEqualTo(read(plain));
    }

    @Test
    void readAcceptsStrayBytesInJpeg() throws IOException {
        byte[] plain = Files.readAllBytes(Golden.path("d_preproc/jpeg_160x120.jpg"));
        int scan = indexOf(plain, 0xff, 0xda);
        byte[] stray = new byte[plain.length + 3];
        System.arraycopy(plain, 0, stray, 0, scan);
        System.arraycopy(plain, scan, stray, scan + 3, plain.length - scan);
        assertThat(read(stray)).isEqualTo(read(plain));
    }

    @Test
    void readRejectsTruncatedImage() throws IOException {
        for (String name : new String[] {"rgb_48x64.png", "pal_80x60.png", "jpeg_160x120.jpg"}) {
            byte[] whole = Files.readAllBytes(Golden.path("d_preproc/" + name));
            // The last 12 bytes of a PNG are the empty end chunk.
            int lastNeeded = name.endsWith("png") ? whole.length - 12 - 4 : whole.length;
            for (int length = 0; length < lastNeeded; length += 1 + length / 50) {
                assertRejected(Arrays.copyOf(whole, length), "");
            }
        }
    }

    @Test
    void readRejectsOtherFormats() throws IOException {
        byte[] heic = "\0\0\0\u0018ftypheic".getBytes(StandardCharsets.US_ASCII);
        assertRejected(heic, "is not a PNG, JPEG, WebP, GIF, BMP or TIFF but HEIC; convert it");
        assertRejected(new byte[] {1}, "is not a PNG, JPEG, WebP, GIF, BMP or TIFF; convert it");
        assertRejected(new byte[0], "is empty");
        assertThatThrownBy(() -> ImageFiles.read(folder.resolve("none.png")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("none.png");
        assertThatThrownBy(() -> ImageFiles.read(folder)).isInstanceOf(BadInputException.class);
    }

    @Test
    void readRejectsDecompressionBomb() throws IOException {
        byte[] png = new TestPng(8, 1, GRAY).row(0);
        ByteBuffer.wrap(png).putInt(16, 100_000).putInt(20, 100_000);
        assertRejected(png, "100000 x 100000");
    }

    @Test
    void readNeverFailsOtherwise() throws IOException {
        Random random = new Random(7);
        for (String name : new String[] {"rgb_48x64.png", "pal_80x60.png", "jpeg_160x120.jpg"}) {
            byte[] valid = Files.readAllBytes(Golden.path("d_preproc/" + name));
            for (int i = 0; i < 150; i++) {
                byte[] damaged = valid.clone();
                int reach = i % 2 == 0 ? damaged.length : Math.min(600, damaged.length);
                for (int n = random.nextInt(4); n >= 0; n--) {
                    damaged[random.nextInt(reach)] ^= (byte) (1 << random.nextInt(8));
                }
                Path file = Files.write(folder.resolve("damaged"), damaged);
                try {
                    assertThat(ImageFiles.read(file).width()).isPositive();
                } catch (BadInputException e) {
                    assertThat(e.getMessage()).contains(file.toString()).doesNotContain("\n");
                }
            }
        }
    }

    @Test
    void convertReadsImagesInMemory() {
        for (int type : new int[] {
            BufferedImage.TYPE_INT_RGB,
            BufferedImage.TYPE_INT_ARGB,
            BufferedImage.TYPE_3BYTE_BGR,
            BufferedImage.TYPE_4BYTE_ABGR
        }) {
            BufferedImage image = new BufferedImage(2, 1, type);
            image.setRGB(0, 0, 0xff010203);
            image.setRGB(1, 0, 0xffc86432);
            assertThat(RasterToRgb.convert(image).toBytes()).containsExactly(1, 2, 3, 200, 100, 50);
        }
        BufferedImage packed = new BufferedImage(1, 1, BufferedImage.TYPE_USHORT_565_RGB);
        packed.getRaster().setPixel(0, 0, new int[] {1, 2, 31});
        assertThat(RasterToRgb.convert(packed).toBytes()).containsExactly(8, 8, -1);
        BufferedImage blended = new BufferedImage(1, 1, BufferedImage.TYPE_INT_ARGB_PRE);
        assertThatThrownBy(() -> RasterToRgb.convert(blended)).isInstanceOf(IllegalArgumentException.class);
    }

    private void assertGray(byte[] file, int... gray) throws IOException {
        assertRgb(
                file,
                Arrays.stream(gray)
                        .flatMap(g -> Arrays.stream(new int[] {g, g, g}))
                        .toArray());
    }

    private void assertRgb(byte[] file, int... rgb) throws IOException {
        byte[] bytes = read(file).toBytes();
        int[] unsigned = new int[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            unsigned[i] = bytes[i] & 0xff;
        }
        assertThat(unsigned).containsExactly(rgb);
    }

    private void assertRejected(byte[] bytes, String reason) throws IOException {
        Path file = Files.write(folder.resolve("refused"), bytes);
        assertThatThrownBy(() -> ImageFiles.read(file))
                .as("%d bytes", bytes.length)
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(reason);
    }

    private RgbImage read(byte[] bytes) throws IOException {
        return ImageFiles.read(Files.write(folder.resolve("image"), bytes));
    }

    private static int indexOf(byte[] bytes, int first, int second) {
        for (int i = 0; ; i++) {
            if ((bytes[i] & 0xff) == first && (bytes[i + 1] & 0xff) == second) {
                return i;
            }
        }
    }
}
