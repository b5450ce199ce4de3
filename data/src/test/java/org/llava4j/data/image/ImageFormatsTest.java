package org.llava4j.data.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.Golden;

/** All image formats against Pillow's {@code convert("RGB")}; see {@code k_images} in the golden folder. */
class ImageFormatsTest {
    private static final int HEADER_BYTES = 4;
    /** The decoder's conversion of lossy WebP from YCbCr differs from libwebp's. */
    private static final double MAX_MEAN_DIFFERENCE_OF_LOSSY_WEBP = 5;

    /** All but a file whose first half has the whole first image. */
    static List<String> imagesThatEndWithTheirFile() {
        return images().stream().filter(name -> !name.equals("multi.tif")).toList();
    }

    static List<String> images() {
        try (Stream<Path> files = Files.list(Golden.path("k_images"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.endsWith(".rgb"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] image(String name) throws IOException {
        return Files.readAllBytes(Golden.path("k_images/" + name));
    }

    private static boolean isLossy(String name) {
        return name.contains("loss") && name.endsWith(".webp");
    }

    private static RgbImage decode(byte[] bytes) {
        return ImageFiles.decode(bytes, "image", DecodeOptions.DEFAULT);
    }

    @ParameterizedTest
    @MethodSource("images")
    void decodeEqualsPillow(String name) throws IOException {
        byte[] file = image(name + ".rgb");
        ByteBuffer expected = ByteBuffer.wrap(file);
        RgbImage decoded = decode(image(name));
        assertThat(List.of(decoded.width(), decoded.height()))
                .containsExactly((int) expected.getShort(), (int) expected.getShort());
        byte[] rgb = decoded.toBytes();
        if (isLossy(name)) {
            long sum = 0;
            for (int i = 0; i < rgb.length; i++) {
                sum += Math.abs((rgb[i] & 0xff) - (file[HEADER_BYTES + i] & 0xff));
            }
            assertThat((double) sum / rgb.length).isLessThan(MAX_MEAN_DIFFERENCE_OF_LOSSY_WEBP);
        } else {
            assertThat(rgb).isEqualTo(Arrays.copyOfRange(file, HEADER_BYTES, file.length));
        }
    }

    @ParameterizedTest
    @MethodSource("images")
    void headerTellsFormatAndSize(String name) throws IOException {
        ImageHeader header = ImageFiles.header(image(name), name);
        RgbImage decoded = decode(image(name));
        assertThat(header.pixels()).isEqualTo((long) decoded.width() * decoded.height());
        assertThat(header.work()).isGreaterThanOrEqualTo(header.pixels());
        String extension = name.substring(name.lastIndexOf('.') + 1);
        assertThat(header.format().mimeType())
                .isEqualTo(
                        switch (extension) {
                            case "jpg" -> "image/jpeg";
                            case "tif" -> "image/tiff";
                            default -> "image/" + extension;
                        });
    }

    @ParameterizedTest
    @MethodSource("images")
    void decodeRejectsMorePixelsThanAllowed(String name) throws IOException {
        DecodeOptions few = new DecodeOptions(10, ExifOrientation.IGNORE, () -> {});
        byte[] bytes = image(name);
        assertThatThrownBy(() -> ImageFiles.decode(bytes, name, few))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(name)
                .hasMessageContaining("more than the limit of 10");
    }

    @ParameterizedTest
    @MethodSource("imagesThatEndWithTheirFile")
    void decodeRejectsHalfOfAFile(String name) throws IOException {
        byte[] bytes = image(name);
        byte[] half = Arrays.copyOf(bytes, bytes.length / 2);
        assertThatThrownBy(() -> decode(half))
                .isInstanceOf(BadInputException.class)
                .hasMessageNotContaining("\n");
    }

    @Test
    void decodeReadsImageOfOneColor() throws IOException {
        // 300 x 200 black pixels in 38 bytes: less than a 2048th, which the reader takes for a bomb.
        byte[] flat = HexFormat.of()
                .parseHex("5249464622000000574542505650384c160000002f2bc13100071011fd0f0028d2ffff14d1ffd4ffaf01");
        assertThat(decode(flat)).isEqualTo(new RgbImage(300, 200, new byte[3 * 300 * 200]));
    }

    @Test
    void mimeTypesAreThoseOfAllFormats() {
        assertThat(ImageFormat.mimeTypes().split(","))
                .containsExactly("image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", "image/tiff");
        for (ImageFormat format : ImageFormat.values()) {
            assertThat(ImageFormat.NAMES).containsIgnoringCase(format.name());
        }
    }
}
