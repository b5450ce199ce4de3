package org.llava4j.train.tiny;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.cli.CommandFailedException;
import org.llava4j.data.text.LlamaTokenizer;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.weights.Checkpoint;

/** The goal {@code tiny-base} in its shortest form: what it writes is a LLaVA folder that loads. */
class TinyBaseMainTest {
    private static final String TEMPLATE = Path.of(System.getProperty("llava4j.root"), "resources/tiny/template.json")
            .toString();

    @TempDir
    private Path temp;

    private void make(Path output, String... more) {
        String[] args = Stream.concat(
                        Stream.of(
                                "--output-dir", output.toString(),
                                "--template", TEMPLATE,
                                "--pictures", "40",
                                "--tower-steps", "2",
                                "--decoder-steps", "2"),
                        Stream.of(more))
                .toArray(String[]::new);
        TinyBaseMain.main(args);
    }

    @Test
    void aBaseLoadsWithAFreshProjectorIsSmallAndTheSameForTheSameSeed() throws IOException {
        Path base = temp.resolve("base");
        make(base);
        LlavaConfig config = LlavaConfig.read(base, null);
        try (Checkpoint weights =
                Checkpoint.llava(base, LlavaConfig.visionTowerOf(base)).withFreshProjector(1)) {
            assertThat(Llava.build(config, weights, Llava.ImageInput.PIXELS).weightNames())
                    .contains("model.mm_projector.weight");
        }
        assertThat(LlamaTokenizer.load(base).size()).isEqualTo(TinySizes.VOCABULARY);
        try (Stream<Path> files = Files.walk(base)) {
            assertThat(files.filter(Files::isRegularFile)
                            .mapToLong(file -> file.toFile().length())
                            .sum())
                    .isLessThan(6_000_000);
        }
        try (Stream<Path> left = Files.list(temp)) {
            assertThat(left).as("pictures and parts are gone").containsExactly(base);
        }
        Path again = temp.resolve("again");
        make(again, "--vision-tower", base.resolve("vision_tower").toString());
        assertThat(again.resolve("tokenizer.model")).hasSameBinaryContentAs(base.resolve("tokenizer.model"));
        assertThat(again.resolve("model.safetensors")).hasSameBinaryContentAs(base.resolve("model.safetensors"));
    }

    @Test
    void aTowerFolderWithoutWeightsIsNamedAndNothingIsLeft() throws IOException {
        Path empty = Files.createDirectories(temp.resolve("empty"));
        assertThatThrownBy(() -> make(temp.resolve("base"), "--vision-tower", empty.toString()))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("holds no config.json");
        assertThat(temp.resolve("base")).doesNotExist();
    }
}
