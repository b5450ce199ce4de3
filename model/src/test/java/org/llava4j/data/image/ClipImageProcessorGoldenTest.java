package org.llava4j.data.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** All images of {@code d_preproc} at all sizes, compared with Pillow and the reference preprocessing. */
class ClipImageProcessorGoldenTest {
    static List<Path> images() throws IOException {
        try (Stream<Path> files = Files.list(Golden.path("d_preproc"))) {
            return files.filter(f -> f.toString().matches(".*\\.(png|jpg)"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void allImagesExist() throws IOException {
        assertThat(images()).hasSize(13);
    }

    @ParameterizedTest
    @MethodSource("images")
    void decodedBytesEqualPillow(Path image) {
        try (SafetensorsFile golden = golden(image)) {
            INDArray rgb = golden.read("rgb");
            RgbImage decoded = ImageFiles.read(image);
            assertThat(new long[] {decoded.height(), decoded.width(), 3}).isEqualTo(rgb.shape());
            assertThat(unsigned(decoded.toBytes())).isEqualTo(ints(rgb));
        }
    }

    @ParameterizedTest
    @MethodSource("images")
    void outputEqualsReferenceImplementation(Path image) {
        try (SafetensorsFile golden = golden(image)) {
            List<String> compared = new ArrayList<>();
            for (String name : golden.tensors().keySet()) {
                if (name.equals("rgb")) {
                    continue;
                }
                // "rawmode" was computed from the file's own mode, which is converted to RGB: the result equals
                // "square".
                String[] parts = name.split("_", -1);
                AspectRatio ratio = parts[0].equals("pad") ? AspectRatio.PAD : AspectRatio.SQUARE;
                ClipPreprocessing settings =
                        ClipPreprocessing.clip(Integer.parseInt(parts[1])).withAspectRatio(ratio);
                ClipImageProcessor processor = new ClipImageProcessor(settings);
                INDArray expected = golden.read(name);
                if (name.endsWith("_u8")) {
                    assertThat(planar(processor.crop(ImageFiles.read(image))))
                            .as(name)
                            .isEqualTo(ints(expected));
                } else {
                    assertThat(processor.process(image))
                            .as(name)
                            .isEqualTo(expected.ravel().toFloatVector());
                }
                compared.add(name);
            }
            assertThat(compared).isNotEmpty();
        }
    }

    @Test
    void loadReadsPreprocessorConfig() {
        Path image = Golden.path("d_preproc/rgb_225x223.png");
        ClipImageProcessor loaded = new ClipImageProcessor(ClipPreprocessing.read(Golden.path("a_clip56")));
        try (SafetensorsFile golden = golden(image)) {
            assertThat(loaded.process(image))
                    .isEqualTo(golden.read("square_56").ravel().toFloatVector());
        }
        assertThat(loaded.settings().cropPx()).isEqualTo(56);
    }

    private static SafetensorsFile golden(Path image) {
        String name = image.getFileName().toString().replaceFirst("\\.[a-z]+$", ".safetensors");
        return SafetensorsFile.open(Golden.path("d_preproc/" + name));
    }

    private static int[] ints(INDArray bytes) {
        return bytes.castTo(DataType.INT32).ravel().toIntVector();
    }

    private static int[] unsigned(byte[] bytes) {
        int[] values = new int[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            values[i] = bytes[i] & 0xff;
        }
        return values;
    }

    private static int[] planar(RgbImage image) {
        int[] interleaved = unsigned(image.toBytes());
        int[] planes = new int[interleaved.length];
        int pixels = interleaved.length / 3;
        for (int i = 0; i < interleaved.length; i++) {
            planes[i % 3 * pixels + i / 3] = interleaved[i];
        }
        return planes;
    }
}
