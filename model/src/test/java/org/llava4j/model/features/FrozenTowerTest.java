package org.llava4j.model.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.llava4j.data.tensors.SafetensorsFile;
import org.llava4j.model.Golden;
import org.llava4j.model.config.LlavaConfig;
import org.nd4j.linalg.api.ndarray.INDArray;

class FrozenTowerTest {
    private static final Path TOWER = Golden.path("a_clip56");

    @Test
    void featuresAreThePublishedOnesForEveryImageOfARun() {
        Path folder = Golden.path("c_llava_linear");
        INDArray images;
        INDArray golden;
        try (SafetensorsFile io = SafetensorsFile.open(TOWER.resolve("io.safetensors"))) {
            images = io.read("pixel_values");
            golden = io.read("features_m2_patch");
        }
        FrozenTower tower = FrozenTower.load(Golden.path("b_llama"), TOWER, LlavaConfig.read(folder, TOWER));
        List<float[]> pixels = new ArrayList<>();
        for (int i = 0; i < images.size(0); i++) {
            pixels.add(images.slice(i).dup('c').data().asFloat());
        }
        float[][] features = tower.features(pixels);
        for (int i = 0; i < features.length; i++) {
            float[] expected = golden.slice(i).dup('c').data().asFloat();
            assertThat(features[i]).hasSameSizeAs(expected);
            for (int j = 0; j < expected.length; j++) {
                assertThat(features[i][j]).isCloseTo(expected[j], within(1e-4f));
            }
        }
    }

    @Test
    void theSameTowerHasTheSameIdentityInsideAModelAndAlone() {
        Path llava = Golden.path("c_llava_linear");
        LlavaConfig config = LlavaConfig.read(llava, TOWER);
        String inside = FrozenTower.load(llava, TOWER, config).identity();
        assertThat(FrozenTower.load(Golden.path("b_llama"), TOWER, config).identity())
                .isEqualTo(inside);
        Path other = Golden.path("a_clip28");
        assertThat(FrozenTower.load(Golden.path("b_llama"), other, LlavaConfig.read(Golden.path("b_llama"), other))
                        .identity())
                .isNotEqualTo(inside);
    }
}
