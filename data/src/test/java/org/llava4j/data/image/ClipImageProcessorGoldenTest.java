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
import org.llava4j.data.Golden;
import org.llava4j.data.tensors.SafetensorsFile;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Every picture of {@code d_preproc}, every size, against Pillow and the published preprocessing. */
class ClipImageProcessorGoldenTest {
    static List<Path> pictures() throws IOException {
        try (Stream<Path> files = Files.list(Golden.path("d_preproc"))) {
            return files.filter(f -> f.toString().matches(".*\\.(png|jpg)"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void all_thirteen_pictures_are_there() throws IOException {
        assertThat(pictures()).hasSize(13);
    }

    @ParameterizedTest
    @MethodSource("pictures")
    void decoded_bytes_are_those_of_pillow(Path picture) {
        try (SafetensorsFile golden = golden(picture)) {
            INDArray rgb = golden.read("rgb");
            RgbImage decoded = ImageFiles.read(picture);
            assertThat(new long[] {decoded.height(), decoded.width(), 3}).isEqualTo(rgb.shape());
            assertThat(unsigned(decoded.toBytes())).isEqualTo(ints(rgb));
        }
    }

    @ParameterizedTest
    @MethodSource("pictures")
    void cropped_bytes_and_final_floats_are_those_of_the_published_code(Path picture) {
        try (SafetensorsFile golden = golden(picture)) {
            List<String> compared = new ArrayList<>();
            for (String name : golden.tensors().keySet()) {
                if (name.equals("rgb")) {
                    continue;
                }
                // "rawmode" was given the file's own mode and converted on the way: the result is that of "square".
                String[] parts = name.split("_", -1);
                AspectRatio ratio = parts[0].equals("pad") ? AspectRatio.PAD : AspectRatio.SQUARE;
                ClipPreprocessing settings =
                        ClipPreprocessing.clip(Integer.parseInt(parts[1])).withAspectRatio(ratio);
                ClipImageProcessor processor = new ClipImageProcessor(settings);
                INDArray expected = golden.read(name);
                if (name.endsWith("_u8")) {
                    assertThat(planar(processor.crop(ImageFiles.read(picture))))
                            .as(name)
                            .isEqualTo(ints(expected));
                } else {
                    assertThat(processor.process(picture))
                            .as(name)
                            .isEqualTo(expected.ravel().toFloatVector());
                }
                compared.add(name);
            }
            assertThat(compared).isNotEmpty();
        }
    }

    @Test
    void a_folder_with_a_preprocessor_config_gives_the_same_pixels() {
        Path picture = Golden.path("d_preproc/rgb_225x223.png");
        ClipImageProcessor loaded = ClipImageProcessor.load(Golden.path("a_clip56"));
        try (SafetensorsFile golden = golden(picture)) {
            assertThat(loaded.process(picture))
                    .isEqualTo(golden.read("square_56").ravel().toFloatVector());
        }
        assertThat(loaded.settings().cropPx()).isEqualTo(56);
    }

    private static SafetensorsFile golden(Path picture) {
        String name = picture.getFileName().toString().replaceFirst("\\.[a-z]+$", ".safetensors");
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
