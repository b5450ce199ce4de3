package org.llava4j.model.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;

/** Resolution of {@code mm_vision_tower} relative to the model folder. */
class VisionTowerPathTest {
    @TempDir
    Path temp;

    private Path link;

    @BeforeEach
    void linkModelFolder() throws IOException {
        Path model = Files.createDirectories(temp.resolve("store/model"));
        Path tiny = Path.of(System.getProperty("llava4j.root")).resolve("resources/tiny/llava/config.json");
        Files.copy(tiny, model.resolve("config.json"));
        link = Files.createSymbolicLink(
                Files.createDirectories(temp.resolve("runs")).resolve("model"), model);
    }

    @Test
    void towerNextToLinkTargetIsFound() throws IOException {
        Path tower = Files.createDirectories(temp.resolve("store/base/vision_tower"));
        assertThat(LlavaConfig.visionTowerPath(link)).isEqualTo(tower.toRealPath());
        assertThat(LlavaConfig.visionTowerPath(temp.resolve("store/model"))).isEqualTo(tower);
    }

    @Test
    void towerNextToLinkIsFoundOtherwise() throws IOException {
        Path tower = Files.createDirectories(temp.resolve("runs/base/vision_tower"));
        assertThat(LlavaConfig.visionTowerPath(link)).isEqualTo(tower);
    }

    @Test
    void missingTowerErrorNamesConfigKey() {
        assertThatThrownBy(() -> LlavaConfig.visionTowerPath(link))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("config.json: mm_vision_tower names the CLIP folder \"../base/vision_tower\"")
                .hasMessageContaining("--vision-tower DIR");
    }
}
