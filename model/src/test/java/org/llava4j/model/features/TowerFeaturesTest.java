package org.llava4j.model.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.AspectRatio;
import org.llava4j.data.image.ClipImageProcessor;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.data.image.ExifOrientation;
import org.llava4j.data.image.ImageRef;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.testing.Golden;

class TowerFeaturesTest {
    private static final Path TOWER = Golden.path("a_clip56");
    private static final Path LLAVA = Golden.path("c_llava_linear");
    private static final Path LLAMA = Golden.path("b_llama");

    @Test
    void unbatchedFeaturesDoNotDependOnOtherImages() {
        LlavaConfig config = LlavaConfig.read(LLAVA, TOWER);
        TowerFeatures tower = TowerFeatures.load(LLAVA, TOWER, config, WeightDtype.FP32);
        Path red = Golden.path("d_preproc/rgb_64x48.png");
        Path noise = Golden.path("d_preproc/noise_100x80.png");
        float[] alone = tower.features(List.of(noise)).get(0);
        List<Path> many = new ArrayList<>(Collections.nCopies(19, red));
        many.set(18, noise);
        List<float[]> batched = tower.features(many);
        assertThat(batched).hasSize(19);
        assertThat(alone).hasSize(config.numImageTokens() * config.vision().hiddenSize());
        for (int i = 0; i < alone.length; i++) {
            assertThat(batched.get(18)[i]).isCloseTo(alone[i], within(1e-5f));
        }
        assertThat(tower.unbatched().features(many).get(18)).as("bit-identical").isEqualTo(alone);
        assertThat(tower.unbatched().fingerprint(config)).isNotEqualTo(tower.fingerprint(config));
        TowerFeatures upright = tower.withOrientation(ExifOrientation.APPLY);
        assertThat(upright.fingerprint(config)).isNotEqualTo(tower.fingerprint(config));
        assertThat(upright.withOrientation(ExifOrientation.IGNORE).fingerprint(config))
                .isEqualTo(tower.fingerprint(config));
        assertThat(batched.get(0)).isNotEqualTo(alone);
    }

    @Test
    void fingerprintCoversWeightsLayerAndPreprocessing() {
        LlavaConfig config = LlavaConfig.read(LLAVA, TOWER);
        TowerFeatures inside = TowerFeatures.load(LLAVA, TOWER, config, WeightDtype.FP32);
        TowerFeatures separateTower = TowerFeatures.load(LLAMA, TOWER, config, WeightDtype.FP32);
        assertThat(separateTower.fingerprint(config)).isEqualTo(inside.fingerprint(config));
        Path small = Golden.path("a_clip28");
        LlavaConfig smallConfig = LlavaConfig.read(LLAMA, small);
        assertThat(TowerFeatures.load(LLAMA, small, smallConfig, WeightDtype.FP32)
                        .digest())
                .isNotEqualTo(separateTower.digest());
        ClipImageProcessor padding =
                new ClipImageProcessor(ClipPreprocessing.read(TOWER).withAspectRatio(AspectRatio.PAD));
        assertThat(padding.settings().toString())
                .isNotEqualTo(ClipPreprocessing.read(TOWER).toString());
        assertThat(separateTower.fingerprint(config))
                .contains(ClipPreprocessing.read(TOWER).toString());
    }

    @Test
    void featuresInStepsAreBitIdentical() {
        TowerFeatures tower = TowerFeatures.load(LLAVA, TOWER, LlavaConfig.read(LLAVA, TOWER), WeightDtype.FP32);
        Path red = Golden.path("d_preproc/rgb_64x48.png");
        Path noise = Golden.path("d_preproc/noise_100x80.png");
        List<float[]> expected = List.of(
                tower.features(List.of(red)).get(0),
                tower.features(List.of(noise)).get(0));
        RecentImageFeatures recent = new RecentImageFeatures(tower);
        List<ImageRef> images = List.of(ImageRef.of(red), ImageRef.of(noise));
        int calls = 1;
        while (!recent.prepare(images, () -> true)) {
            calls++;
        }
        assertThat(calls).isGreaterThan(20);
        for (int i = 0; i < 2; i++) {
            assertThat(recent.features(images).get(i)).isEqualTo(expected.get(i));
        }
        assertThat(recent.prepare(images, () -> true)).isTrue();
    }

    @Test
    void otherImageEndsStepsOfIncompleteOne() {
        TowerFeatures tower = TowerFeatures.load(LLAVA, TOWER, LlavaConfig.read(LLAVA, TOWER), WeightDtype.FP32);
        RecentImageFeatures recent = new RecentImageFeatures(tower);
        ImageRef first = ImageRef.of(Golden.path("d_preproc/rgb_64x48.png"));
        ImageRef second = ImageRef.of(Golden.path("d_preproc/noise_100x80.png"));
        assertThat(recent.prepare(List.of(first), () -> true)).isFalse();
        assertThat(recent.prepare(List.of(second), () -> false)).isTrue();
        assertThat(recent.prepare(List.of(first), () -> false)).isTrue();
        assertThat(recent.features(List.of(first, second)))
                .usingRecursiveComparison()
                .isEqualTo(tower.unbatched()
                        .features(List.of(
                                Golden.path("d_preproc/rgb_64x48.png"), Golden.path("d_preproc/noise_100x80.png"))));
        ImageRef missing = ImageRef.of(Path.of("missing.png"));
        assertThatThrownBy(() -> recent.prepare(List.of(missing), () -> true))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("missing.png");
    }
}
