package org.llava4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** A packed batch has the loss and the gradients of the same samples with a row each. */
class PackedBatchTest {
    private static final Path FOLDER = Golden.path("c_llava_mlp2x_gelu");
    /** Products of other numbers of rows round differently; most in the projector's bias, a sum over image tokens. */
    private static final double TOLERANCE = 2e-6;

    private static LlavaConfig config;
    private static Llava model;

    private final Random random = new Random(7);

    @BeforeAll
    static void loadModel() {
        config = LlavaConfig.read(FOLDER, null);
        try (Checkpoint weights = Checkpoint.llava(FOLDER, LlavaConfig.visionTowerPath(FOLDER))) {
            model = Llava.build(config, weights.withoutTower(), ImageInput.FEATURES);
        }
        model.setTrainable(name -> true);
    }

    /** Three samples with an image, one with two, four without; of different lengths. */
    private List<EncodedSample> samples() {
        List<EncodedSample> samples = new ArrayList<>();
        for (int images : new int[] {1, 0, 2, 0, 1, 0, 0, 1}) {
            samples.add(sample(images, 3 + random.nextInt(30)));
        }
        return samples;
    }

    private EncodedSample sample(int images, int length) {
        int[] ids = new int[length + images];
        int[] labels = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            boolean image = i > 0 && i <= images;
            ids[i] = image
                    ? LlamaTokenizer.IMAGE_TOKEN_ID
                    : 1 + random.nextInt(config.decoder().vocabSize() - 1);
            // Also the first token has a label, which no token predicts.
            labels[i] = image || random.nextInt(3) == 0 ? EncodedSample.IGNORE_INDEX : ids[i];
        }
        labels[0] = ids[0];
        return new EncodedSample(ids, labels);
    }

    private static int[] images(List<EncodedSample> samples) {
        return samples.stream()
                .mapToInt(sample -> {
                    int count = 0;
                    for (int id : sample.inputIds()) {
                        count += id == LlamaTokenizer.IMAGE_TOKEN_ID ? 1 : 0;
                    }
                    return count;
                })
                .toArray();
    }

    private static CollatorOptions options(int padToMultipleOf) {
        return new CollatorOptions(
                config.numImageTokens(),
                config.decoder().vocabSize(),
                100,
                CollatorOptions.PaddingSide.RIGHT,
                padToMultipleOf);
    }

    private static INDArray features(int images) {
        Nd4j.getRandom().setSeed(11);
        return Nd4j.randn(
                DataType.FLOAT,
                (long) images * config.numImageTokens(),
                config.vision().hiddenSize());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void lossAndGradientsEqualThoseOfRows(boolean gradientCheckpointing) {
        List<EncodedSample> samples = samples();
        int[] images = images(samples);
        BatchLayout rows = BatchLayout.collate(samples, images, options(8));
        BatchLayout packed = BatchLayout.collate(samples, images, options(8).withPacking());
        assertThat(Objects.requireNonNull(packed.packing()).savedPositions()).isGreaterThan(100);
        assertThat(packed.targets()).isEqualTo(rows.targets());
        model.setGradientCheckpointing(gradientCheckpointing);
        INDArray features = features(5);
        Map<String, INDArray> expected = model.gradients(Placeholders.features(rows, features), model.trainableNames());
        Map<String, INDArray> actual = model.gradients(Placeholders.features(packed, features), model.trainableNames());
        double loss = expected.get(Llava.LOSS).getDouble(0);
        assertThat(actual.get(Llava.LOSS).getDouble(0)).isCloseTo(loss, within(TOLERANCE * loss));
        assertThat(actual).hasSameSizeAs(expected).hasSizeGreaterThan(30);
        expected.forEach((name, gradient) -> assertThat(Golden.relativeError(actual.get(name), gradient))
                .as(name)
                .isLessThan(TOLERANCE));
    }

    /** Without the mask, the samples before would change the hidden states of the others. */
    @Test
    void hiddenStatesDoNotDependOnNeighbors() {
        List<EncodedSample> samples = samples();
        BatchLayout packed =
                BatchLayout.collate(samples, images(samples), options(1).withPacking());
        INDArray all = model.output(Placeholders.features(packed, features(5)), "logits");
        EncodedSample last = samples.get(7);
        INDArray ofLast = features(5)
                .get(
                        NDArrayIndex.interval(4L * config.numImageTokens(), 5L * config.numImageTokens()),
                        NDArrayIndex.all())
                .dup();
        BatchLayout alone = BatchLayout.collate(List.of(last), new int[] {1}, options(1));
        INDArray own = model.output(Placeholders.features(alone, ofLast), "logits");
        int[] segments = Objects.requireNonNull(packed.packing()).segments();
        INDArray packedRows = all.get(NDArrayIndex.interval(segments[14], segments[15]), NDArrayIndex.all());
        assertThat(Golden.relativeError(packedRows.dup(), own)).isLessThan(TOLERANCE);
    }

    @Test
    void segmentsOfOtherShapeAreRejected() {
        List<EncodedSample> samples = samples();
        BatchLayout packed =
                BatchLayout.collate(samples, images(samples), options(1).withPacking());
        Map<String, INDArray> in = new HashMap<>(Placeholders.features(packed, features(5)));
        in.put(Llava.ROW_STARTS, in.get(Llava.ROW_STARTS).reshape(4, 4));
        assertThatThrownBy(() -> model.output(in, Llava.LOSS))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("the segments of a packed batch are [S, 2], but are [4, 4]");
    }
}
