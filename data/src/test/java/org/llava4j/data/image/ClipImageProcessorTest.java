package org.llava4j.data.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;

class ClipImageProcessorTest {
    private static final ClipPreprocessing SMALL = ClipPreprocessing.clip(28);

    @Test
    void imageInMemoryEqualsFile(@TempDir Path folder) throws IOException {
        BufferedImage rendered = new BufferedImage(40, 30, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 1200; i++) {
            rendered.setRGB(i % 40, i / 40, i * 7919);
        }
        ImageIO.write(rendered, "png", folder.resolve("drawn.png").toFile());
        ClipImageProcessor processor = new ClipImageProcessor(SMALL);
        assertThat(processor.process(RasterToRgb.convert(rendered)))
                .isEqualTo(processor.process(folder.resolve("drawn.png")));
    }

    @Test
    void processTurnsFileUprightOnlyIfAsked(@TempDir Path folder) throws IOException {
        Path file = Files.write(folder.resolve("turned.jpg"), ExifOrientationTest.jpeg(6));
        RgbImage stored = ImageFiles.read(file);
        ClipImageProcessor plain = new ClipImageProcessor(SMALL);
        assertThat(plain.process(file)).isEqualTo(plain.process(stored));
        assertThat(new ClipImageProcessor(SMALL, ExifOrientation.APPLY).process(file))
                .isEqualTo(plain.process(OrientationTransform.apply(stored, 6)))
                .isNotEqualTo(plain.process(stored));
    }

    @Test
    void paddingHasMeanColor() {
        RgbImage line = new RgbImage(28, 2, new byte[3 * 28 * 2]);
        byte[] padded = new ClipImageProcessor(SMALL.withAspectRatio(AspectRatio.PAD))
                .crop(line)
                .toBytes();
        assertThat(padded).startsWith(122, 116, 104).endsWith(122, 116, 104);
        assertThat(padded[3 * 28 * 13]).isZero();
        assertThat(padded[3 * 28 * 12]).isEqualTo((byte) 122);
    }

    @Test
    void cropOfThinImageIsCheap() {
        RgbImage thread = new RgbImage(1, 1_000_000, new byte[3_000_000]);
        assertThat(new ClipImageProcessor(SMALL).crop(thread).toBytes()).containsOnly((byte) 0);
    }

    @Test
    void processRejectsTooLargePaddedSquare() {
        RgbImage thread = new RgbImage(1, 1_000_000, new byte[3_000_000]);
        ClipImageProcessor padding = new ClipImageProcessor(SMALL.withAspectRatio(AspectRatio.PAD));
        assertThatThrownBy(() -> padding.process(thread))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("1 x 1000000");
    }
}
