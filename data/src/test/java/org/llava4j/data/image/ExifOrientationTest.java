package org.llava4j.data.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.BadInputException;

/** EXIF orientation; the expected pixels are those of Pillow's {@code ImageOps.exif_transpose}. */
class ExifOrientationTest {
    /** A 3 x 2 image with the values 1 to 6. */
    private static final byte[] STORED = pixels(1, 2, 3, 4, 5, 6);

    private static byte[] pixels(int... values) {
        byte[] rgb = new byte[3 * values.length];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) values[i / 3];
        }
        return rgb;
    }

    @ParameterizedTest
    @CsvSource({
        "1, 3, 1 2 3 4 5 6",
        "2, 3, 3 2 1 6 5 4",
        "3, 3, 6 5 4 3 2 1",
        "4, 3, 4 5 6 1 2 3",
        "5, 2, 1 4 2 5 3 6",
        "6, 2, 4 1 5 2 6 3",
        "7, 2, 6 3 5 2 4 1",
        "8, 2, 3 6 2 5 1 4",
        "0, 3, 1 2 3 4 5 6",
        "9, 3, 1 2 3 4 5 6"
    })
    void applyTurnsUpright(int orientation, int width, String expected) {
        RgbImage upright = OrientationTransform.apply(new RgbImage(3, 2, STORED), orientation);
        int[] values =
                Arrays.stream(expected.split(" ")).mapToInt(Integer::parseInt).toArray();
        assertThat(upright).isEqualTo(new RgbImage(width, 6 / width, pixels(values)));
    }

    /** EXIF data with this orientation. */
    static byte[] exif(int orientation) {
        ByteBuffer exif = ByteBuffer.allocate(26).order(ByteOrder.LITTLE_ENDIAN);
        exif.put("II*\0".getBytes(StandardCharsets.US_ASCII)).putInt(8).putShort((short) 1);
        exif.putShort((short) 274).putShort((short) 3).putInt(1).putInt(orientation);
        return exif.array();
    }

    static byte[] jpeg(int orientation) throws IOException {
        byte[] jpeg = ImageFormatsTest.image("j75_2.jpg");
        byte[] exif = exif(orientation);
        ByteBuffer file = ByteBuffer.allocate(jpeg.length + exif.length + 10);
        file.put(jpeg, 0, 2).putShort((short) 0xffe1).putShort((short) (exif.length + 8));
        file.put("Exif\0\0".getBytes(StandardCharsets.US_ASCII)).put(exif);
        return file.put(jpeg, 2, jpeg.length - 2).array();
    }

    private static byte[] png(int orientation) throws IOException {
        byte[] png = ImageFormatsTest.image("rgb.png");
        byte[] exif = exif(orientation);
        ByteBuffer chunk = ByteBuffer.allocate(exif.length + 12).putInt(exif.length);
        chunk.put("eXIf".getBytes(StandardCharsets.US_ASCII)).put(exif);
        CRC32 crc = new CRC32();
        crc.update(chunk.array(), 4, exif.length + 4);
        chunk.putInt((int) crc.getValue());
        ByteBuffer file = ByteBuffer.allocate(png.length + chunk.capacity());
        return file.put(png, 0, 33)
                .put(chunk.array())
                .put(png, 33, png.length - 33)
                .array();
    }

    private static byte[] webp(int orientation) throws IOException {
        byte[] webp = ImageFormatsTest.image("ll.webp");
        byte[] exif = exif(orientation);
        ByteBuffer file = ByteBuffer.allocate(webp.length + exif.length + 8).order(ByteOrder.LITTLE_ENDIAN);
        file.put(webp).put("EXIF".getBytes(StandardCharsets.US_ASCII)).putInt(exif.length);
        return file.put(exif).array();
    }

    @Test
    void decodeAppliesOrientationOnlyIfAsked() throws IOException {
        for (byte[] image : new byte[][] {jpeg(6), png(6), webp(6)}) {
            RgbImage stored = ImageFiles.decode(image, "image", DecodeOptions.DEFAULT);
            RgbImage upright =
                    ImageFiles.decode(image, "image", DecodeOptions.DEFAULT.withOrientation(ExifOrientation.APPLY));
            assertThat(stored.width()).isGreaterThan(stored.height());
            assertThat(upright).isEqualTo(OrientationTransform.apply(stored, 6));
            assertThat(upright.width()).isEqualTo(stored.height());
        }
    }

    @Test
    void damagedExifIsIgnored() throws IOException {
        byte[] image = jpeg(6);
        for (int at = 12; at < 38; at++) {
            byte[] damaged = image.clone();
            damaged[at] = (byte) 0xff;
            DecodeOptions apply = DecodeOptions.DEFAULT.withOrientation(ExifOrientation.APPLY);
            assertThat(ImageFiles.decode(damaged, "image", apply).width()).isPositive();
        }
    }

    @Test
    void fromNameRejectsOtherNames() {
        assertThat(ExifOrientation.fromName("apply")).isEqualTo(ExifOrientation.APPLY);
        assertThat(ExifOrientation.fromName("ignore")).isEqualTo(ExifOrientation.IGNORE);
        assertThatThrownBy(() -> ExifOrientation.fromName("turn"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("apply");
    }
}
