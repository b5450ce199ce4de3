package org.llava4j.eval.tiny;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.BadInputException;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.data.tokenizer.BpeTrainer;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.tensors.SafetensorsFolder;
import org.llava4j.model.tensors.TensorStore;
import org.llava4j.model.weights.Checkpoint;
import org.nd4j.linalg.factory.Nd4j;

/** The command {@code tiny-base} with few steps writes a LLaVA folder that loads. */
class TinyBaseMainTest {
    @TempDir
    private Path temp;

    private void make(Path output, String... more) {
        String[] args = Stream.concat(
                        Stream.of(
                                "--output-dir", output.toString(),
                                "--images", "40",
                                "--tower-steps", "2",
                                "--decoder-steps", "2"),
                        Stream.of(more))
                .toArray(String[]::new);
        TinyBaseMain.main(args);
    }

    @Test
    void baseModelLoadsAndIsReproducible() throws IOException {
        Path base = temp.resolve("base");
        make(base);
        LlavaConfig config = LlavaConfig.read(base, null);
        try (Checkpoint weights =
                Checkpoint.llava(base, LlavaConfig.visionTowerPath(base)).withNewProjector(1)) {
            assertThat(Llava.build(config, weights, Llava.ImageInput.PIXELS).weightNames())
                    .contains("model.mm_projector.weight");
        }
        assertThat(LlamaTokenizer.load(base).size()).isEqualTo(TinyModelConfig.VOCABULARY_SIZE);
        try (Stream<Path> files = Files.walk(base)) {
            assertThat(files.filter(Files::isRegularFile)
                            .mapToLong(file -> file.toFile().length())
                            .sum())
                    .isLessThan(6_000_000);
        }
        try (Stream<Path> left = Files.list(temp)) {
            assertThat(left).as("temporary files are removed").containsExactly(base);
        }
        Path again = temp.resolve("again");
        make(again);
        for (String file : List.of("tokenizer.model", "model.safetensors", "vision_tower/model.safetensors")) {
            assertThat(again.resolve(file)).hasSameBinaryContentAs(base.resolve(file));
        }
    }

    @Test
    void existingDecoderIsReusedAndOnlyTowerTrained() {
        Path base = temp.resolve("base");
        make(base);
        Path next = temp.resolve("next");
        make(next, "--decoder", base.toString(), "--tower-steps", "3");
        assertThat(next.resolve("model.safetensors")).hasSameBinaryContentAs(base.resolve("model.safetensors"));
        assertThat(next.resolve("tokenizer.model")).hasSameBinaryContentAs(base.resolve("tokenizer.model"));
        try (TensorStore before = SafetensorsFolder.open(base.resolve("vision_tower"));
                TensorStore after = SafetensorsFolder.open(next.resolve("vision_tower"))) {
            assertThat(after.tensors().keySet()).isEqualTo(before.tensors().keySet());
            String seen = "vision_model.embeddings.patch_embedding.weight";
            assertThat(after.read(seen)).as("three steps, not two").isNotEqualTo(before.read(seen));
        }
    }

    @Test
    void labelLongerThanImageTokensIsRejected() {
        Path world = temp.resolve("world");
        SyntheticDatasetWriter.write(SyntheticDatasetConfig.labelled(1, 3), world);
        LlamaTokenizer letters = LlamaTokenizer.of(BpeTrainer.train(Stream.of("a b c"), 264), temp);
        assertThatThrownBy(
                        () -> TinyVisionTower.train(world, letters, Nd4j.zeros(264, TinyModelConfig.HIDDEN_SIZE), 1, 1))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("label of image 0")
                .hasMessageContaining("an image has only 16");
    }

    @Test
    void decoderFolderWithoutTokenizerIsRejected() throws IOException {
        Path empty = Files.createDirectories(temp.resolve("empty"));
        assertThatThrownBy(() -> make(temp.resolve("base"), "--decoder", empty.toString()))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining(empty.toString());
        assertThat(temp.resolve("base")).doesNotExist();
    }
}
