package org.llava4j.data.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.testing.Golden;

/** Layout compared with the published code's result for the same rows, in both complete models. */
class BatchLayoutGoldenTest {
    private static final int IMAGE_TOKENS = 16;
    private static final int VOCAB = 320;

    @ParameterizedTest
    @ValueSource(strings = {"c_llava_linear", "c_llava_mlp2x_gelu"})
    void rightPaddingMatchesPublishedCode(String model) {
        try (SafetensorsFile io = SafetensorsFile.open(Golden.path(model + "/io.safetensors"))) {
            check(io, new CollatorOptions(IMAGE_TOKENS, VOCAB, 2048), "new_");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"c_llava_linear", "c_llava_mlp2x_gelu"})
    void leftPaddingMatchesPublishedCode(String model) {
        try (SafetensorsFile io = SafetensorsFile.open(Golden.path(model + "/io.safetensors"))) {
            check(io, new CollatorOptions(IMAGE_TOKENS, VOCAB, 2048, CollatorOptions.PaddingSide.LEFT, 1), "leftpad_");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"c_llava_linear", "c_llava_mlp2x_gelu"})
    void truncationMatchesPublishedCode(String model) {
        try (SafetensorsFile io = SafetensorsFile.open(Golden.path(model + "/io.safetensors"))) {
            BatchLayout layout = check(io, new CollatorOptions(IMAGE_TOKENS, VOCAB, 24), "trunc24_");
            // Row 0 keeps 6 tokens, its 16 image tokens and 2 more tokens; the image without a reference is not placed.
            assertThat(Arrays.copyOf(layout.imageRows(), IMAGE_TOKENS)).containsExactly(range(6, IMAGE_TOKENS));
            assertThat(Arrays.copyOfRange(layout.imageRows(), 2 * IMAGE_TOKENS, 3 * IMAGE_TOKENS))
                    .containsOnly(BatchLayout.NOT_PLACED);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "c_llava_linear, '', RIGHT, 2048",
        "c_llava_mlp2x_gelu, '', RIGHT, 2048",
        "c_llava_linear, leftpad_, LEFT, 2048",
        "c_llava_linear, trunc24_, RIGHT, 24"
    })
    void layoutMatchesPublishedEmbeddings(
            String model, String prefix, CollatorOptions.PaddingSide side, int maxLength) {
        try (SafetensorsFile io = SafetensorsFile.open(Golden.path(model + "/io.safetensors"));
                SafetensorsFile weights = SafetensorsFile.open(Golden.path(model + "/model.safetensors"))) {
            CollatorOptions options = new CollatorOptions(IMAGE_TOKENS, VOCAB, maxLength, side, 1);
            BatchLayout layout = BatchLayout.collate(samples(io), new int[] {1, 1, 1}, options);
            float[][] embeddings =
                    io.read(prefix + "inputs_embeds").reshape(-1, 64).toFloatMatrix();
            float[][] tokens = weights.read("model.embed_tokens.weight").toFloatMatrix();
            float[][] imageFeatures = io.read("image_features").reshape(-1, 64).toFloatMatrix();
            int[] imageTokenAt = new int[embeddings.length];
            Arrays.fill(imageTokenAt, -1);
            for (int i = 0; i < layout.imageRows().length; i++) {
                if (layout.imageRows()[i] != BatchLayout.NOT_PLACED) {
                    imageTokenAt[layout.imageRows()[i]] = i;
                }
            }
            for (int at = 0; at < embeddings.length; at++) {
                int row = at / layout.sequenceLength();
                int t = at % layout.sequenceLength() - layout.rowStarts()[row];
                if (t >= 0 && t < layout.rowLengths()[row]) {
                    float[] expected =
                            imageTokenAt[at] >= 0 ? imageFeatures[imageTokenAt[at]] : tokens[layout.inputIds()[at]];
                    assertThat(embeddings[at]).as("row %d, position %d", row, t).isEqualTo(expected);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"c_llava_linear", "c_llava_mlp2x_gelu"})
    void collatePlacesTwoImagesInOneRow(String model) {
        try (SafetensorsFile io = SafetensorsFile.open(Golden.path(model + "/io.safetensors"))) {
            int[] ids = io.read("two_images_input_ids").toIntVector();
            int[] none = new int[ids.length];
            Arrays.fill(none, EncodedSample.IGNORE_INDEX);
            BatchLayout layout = BatchLayout.collate(
                    List.of(new EncodedSample(ids, none)),
                    new int[] {2},
                    new CollatorOptions(IMAGE_TOKENS, VOCAB, 2048));
            assertThat(layout.sequenceLength())
                    .isEqualTo((int) io.read("two_images_logits").size(1));
            List<Integer> sentinels = new ArrayList<>();
            for (int i = 0; i < ids.length; i++) {
                if (ids[i] == -200) {
                    sentinels.add(i);
                }
            }
            assertThat(sentinels).hasSize(2);
            int first = sentinels.get(0);
            int second = sentinels.get(1) + IMAGE_TOKENS - 1;
            assertThat(Arrays.copyOf(layout.imageRows(), IMAGE_TOKENS)).containsExactly(range(first, IMAGE_TOKENS));
            assertThat(Arrays.copyOfRange(layout.imageRows(), IMAGE_TOKENS, 2 * IMAGE_TOKENS))
                    .containsExactly(range(second, IMAGE_TOKENS));
            assertThat(layout.targets()).isEmpty();
        }
    }

    private static BatchLayout check(SafetensorsFile io, CollatorOptions options, String prefix) {
        BatchLayout layout = BatchLayout.collate(samples(io), new int[] {1, 1, 1}, options);
        int[][] labels = io.read(prefix + "labels").toIntMatrix();
        int[][] mask = io.read(prefix + "attention_mask").toIntMatrix();
        assertThat(layout.sequenceLength()).isEqualTo(labels[0].length);
        List<Integer> targetRows = new ArrayList<>();
        List<Integer> targets = new ArrayList<>();
        for (int row = 0; row < labels.length; row++) {
            int from = row * layout.sequenceLength();
            assertThat(Arrays.copyOfRange(layout.labels(), from, from + layout.sequenceLength()))
                    .as("labels of row %d", row)
                    .isEqualTo(labels[row]);
            int position = 0;
            for (int t = 0; t < layout.sequenceLength(); t++) {
                int start = layout.rowStarts()[row];
                boolean real = t >= start && t < start + layout.rowLengths()[row];
                assertThat(real ? 1 : 0).as("mask of row %d at %d", row, t).isEqualTo(mask[row][t]);
                assertThat(layout.positions()[from + t]).isEqualTo(real ? position++ : 0);
                if (t > 0 && labels[row][t] != EncodedSample.IGNORE_INDEX) {
                    targetRows.add(from + t - 1);
                    targets.add(labels[row][t]);
                }
            }
        }
        assertThat(layout.targetRows()).containsExactly(targetRows.toArray(new Integer[0]));
        assertThat(layout.targets()).containsExactly(targets.toArray(new Integer[0]));
        return layout;
    }

    /** Returns the stored rows without their padding. */
    static List<EncodedSample> samples(SafetensorsFile io) {
        int[][] ids = io.read("input_ids").toIntMatrix();
        int[][] labels = io.read("labels").toIntMatrix();
        int[][] mask = io.read("attention_mask").toIntMatrix();
        List<EncodedSample> samples = new ArrayList<>();
        for (int row = 0; row < ids.length; row++) {
            int real = Arrays.stream(mask[row]).sum();
            samples.add(new EncodedSample(Arrays.copyOf(ids[row], real), Arrays.copyOf(labels[row], real)));
        }
        return samples;
    }

    private static int[] range(int from, int count) {
        int[] range = new int[count];
        Arrays.setAll(range, i -> from + i);
        return range;
    }
}
