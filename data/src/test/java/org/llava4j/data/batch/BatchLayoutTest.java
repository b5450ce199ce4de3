package org.llava4j.data.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

class BatchLayoutTest {
    private static final CollatorOptions OPTIONS = new CollatorOptions(3, 100, 50);

    @Test
    void collateExpandsImageTokensAndShiftsLabels() {
        BatchLayout layout = one(OPTIONS, 1, sample(new int[] {1, -200, 7, 8}, new int[] {-100, -100, 7, 8}));
        assertThat(layout.inputIds()).containsExactly(1, 0, 0, 0, 7, 8);
        assertThat(layout.labels()).containsExactly(-100, -100, -100, -100, 7, 8);
        assertThat(layout.imageRows()).containsExactly(1, 2, 3);
        assertThat(layout.positions()).containsExactly(0, 1, 2, 3, 4, 5);
        // The last image token predicts the first target.
        assertThat(layout.targetRows()).containsExactly(3, 4);
        assertThat(layout.targets()).containsExactly(7, 8);
        assertThat(layout.paddedPositions()).isZero();
    }

    @Test
    void collateTruncatesInsideImage() {
        CollatorOptions truncating = new CollatorOptions(3, 100, 3);
        EncodedSample sample = sample(new int[] {1, -200, 7}, new int[] {-100, -100, 7});
        BatchLayout layout = one(truncating, 1, sample);
        assertThat(layout.sequenceLength()).isEqualTo(3);
        assertThat(layout.imageRows()).containsExactly(1, 2, -1);
        assertThat(layout.targets()).isEmpty();
        assertThat(BatchLayout.hasTarget(sample, truncating)).isFalse();
        assertThat(BatchLayout.hasTarget(sample, OPTIONS)).isTrue();
    }

    @Test
    void collateNeverSplitsImageFromItsStartAndEndTokens() {
        EncodedSample sample = sample(
                new int[] {1, 4, 90, -200, 91, 7, 90, -200, 91, 8},
                new int[] {-100, 4, -100, -100, -100, 7, -100, -100, -100, 8});
        for (int max = 1; max <= 14; max++) {
            CollatorOptions options = new CollatorOptions(
                    3, 100, max, CollatorOptions.PaddingSide.RIGHT, 1, new ImageStartEndTokens(90, 91));
            int kept = max < 7 ? Math.min(max, 2) : max < 13 ? Math.min(max, 8) : max;
            BatchLayout layout = one(options, 2, sample);
            assertThat(layout.rowLengths()).as("row of %d", max).containsExactly(kept);
            assertThat(layout.sequenceLength()).isEqualTo(kept);
            long placed =
                    Arrays.stream(layout.imageRows()).filter(row -> row >= 0).count();
            assertThat(placed).isEqualTo(max < 7 ? 0 : max < 13 ? 3 : 6);
            assertThat(layout.targets())
                    .as("targets are those of plain truncation")
                    .isEqualTo(one(new CollatorOptions(3, 100, max), 2, sample).targets());
            assertThat(BatchLayout.hasTarget(sample, options)).isEqualTo(layout.targets().length > 0);
        }
    }

    @Test
    void collateAssignsImagesToTheirRows() {
        EncodedSample text = sample(new int[] {1, 5}, new int[] {-100, 5});
        EncodedSample image = sample(new int[] {1, -200, 6}, new int[] {-100, -100, 6});
        BatchLayout layout = BatchLayout.collate(List.of(text, image, text), new int[] {1, 1, 0}, OPTIONS);
        assertThat(layout.imageRows()).containsExactly(-1, -1, -1, 6, 7, 8);
        assertThat(layout.sequenceLength()).isEqualTo(5);
        assertThat(layout.targetRows()).containsExactly(0, 8, 10);
    }

    @Test
    void packingJoinsSamplesInOneRow() {
        CollatorOptions options = new CollatorOptions(3, 100, 50, CollatorOptions.PaddingSide.RIGHT, 4).withPacking();
        EncodedSample first = sample(new int[] {1, -200, 6, 7}, new int[] {-100, -100, 6, 7});
        EncodedSample second = sample(new int[] {2, 8}, new int[] {2, 8});
        EncodedSample third = sample(new int[] {3, -200, 9}, new int[] {-100, -100, 9});
        BatchLayout layout = BatchLayout.collate(List.of(first, second, third), new int[] {1, 0, 1}, options);
        assertThat(layout.batchSize()).isEqualTo(1);
        assertThat(layout.sequenceLength()).as("6 + 2 + 5, to a multiple of 4").isEqualTo(16);
        assertThat(layout.inputIds()).containsExactly(1, 0, 0, 0, 6, 7, 2, 8, 3, 0, 0, 0, 9, 0, 0, 0);
        assertThat(layout.positions()).containsExactly(0, 1, 2, 3, 4, 5, 0, 1, 0, 1, 2, 3, 4, 0, 0, 0);
        assertThat(layout.imageRows()).containsExactly(1, 2, 3, 9, 10, 11);
        // The first token of the second sample has a label, but no position of the sample before predicts it.
        assertThat(layout.labels()[6]).isEqualTo(2);
        assertThat(layout.targetRows()).containsExactly(3, 4, 6, 11);
        assertThat(layout.targets()).containsExactly(6, 7, 8, 9);
        assertThat(layout.packing()).isNotNull();
        assertThat(layout.packing().segments()).containsExactly(0, 6, 6, 8, 8, 13);
        assertThat(layout.packing().savedPositions()).as("3 rows of 8").isEqualTo(24 - 16);
        assertThat(layout.paddedPositions()).isEqualTo(3);
        MultiDataSet arrays = layout.toMultiDataSet(Nd4j.zeros(DataType.FLOAT, 6, 2));
        assertThat(arrays.getFeatures(1).shape()).containsExactly(1, 16);
        assertThat(arrays.getFeatures(4).toIntMatrix()).isDeepEqualTo(new int[][] {{0, 6}, {6, 8}, {8, 13}});
    }

    @Test
    void packingWithoutGainLeavesRows() {
        EncodedSample sample = sample(new int[] {1, 5, 6}, new int[] {-100, 5, 6});
        CollatorOptions options = OPTIONS.withPacking();
        for (List<EncodedSample> batch : List.of(List.of(sample), List.of(sample, sample))) {
            BatchLayout layout = BatchLayout.collate(batch, new int[batch.size()], options);
            assertThat(layout.packing()).isNull();
            assertThat(layout.batchSize()).isEqualTo(batch.size());
        }
        EncodedSample shorter = sample(new int[] {1, 5}, new int[] {-100, 5});
        CollatorOptions rounding =
                new CollatorOptions(3, 100, 50, CollatorOptions.PaddingSide.RIGHT, Integer.MAX_VALUE).withPacking();
        BatchLayout rounded = BatchLayout.collate(List.of(sample, shorter), new int[2], rounding);
        assertThat(rounded.packing()).isNull();
        assertThat(rounded.sequenceLength()).isEqualTo(50);
    }

    @Test
    void packedSamplesAreTruncatedOneByOne() {
        CollatorOptions options = new CollatorOptions(3, 100, 4).withPacking();
        EncodedSample longer = sample(new int[] {1, 5, 6, 7, 8, 9}, new int[] {-100, 5, 6, 7, 8, 9});
        EncodedSample shorter = sample(new int[] {1, 5}, new int[] {-100, 5});
        BatchLayout layout = BatchLayout.collate(List.of(longer, shorter, longer), new int[3], options);
        assertThat(layout.inputIds()).containsExactly(1, 5, 6, 7, 1, 5, 1, 5, 6, 7);
        assertThat(layout.targets()).containsExactly(5, 6, 7, 5, 5, 6, 7);
    }

    @Test
    void textOnlyBatchHasOneUnplacedImage() {
        BatchLayout layout = one(OPTIONS, 0, sample(new int[] {1, 5}, new int[] {-100, 5}));
        assertThat(layout.imageRows()).containsExactly(-1, -1, -1);
    }

    @Test
    void leftPaddingShiftsRowStarts() {
        CollatorOptions left = new CollatorOptions(3, 100, 50, CollatorOptions.PaddingSide.LEFT, 4);
        EncodedSample sample = sample(new int[] {1, 5}, new int[] {-100, 5});
        BatchLayout layout = one(left, 0, sample);
        assertThat(layout.inputIds()).containsExactly(0, 0, 1, 5);
        assertThat(layout.positions()).containsExactly(0, 0, 0, 1);
        assertThat(layout.rowStarts()).containsExactly(2);
        assertThat(layout.targetRows()).containsExactly(2);
        assertThat(layout.paddedPositions()).isEqualTo(2);
    }

    @Test
    void sequenceLengthIsRoundedUpWithinMaximum() {
        EncodedSample five = sample(new int[] {1, 2, 3, 4, 5}, new int[] {-100, 2, 3, 4, 5});
        assertThat(one(new CollatorOptions(3, 100, 50, CollatorOptions.PaddingSide.RIGHT, 8), 0, five)
                        .sequenceLength())
                .isEqualTo(8);
        assertThat(one(new CollatorOptions(3, 100, 6, CollatorOptions.PaddingSide.RIGHT, 8), 0, five)
                        .sequenceLength())
                .isEqualTo(6);
    }

    @Test
    void labelOfFirstPositionIsNotATarget() {
        BatchLayout layout = one(OPTIONS, 0, sample(new int[] {1, 5}, new int[] {1, 5}));
        assertThat(layout.targets()).containsExactly(5);
    }

    @Test
    void collateRejectsIdsOutsideVocabulary() {
        CollatorOptions short2 = new CollatorOptions(3, 100, 2);
        EncodedSample sample = sample(new int[] {1, 2, 100}, new int[] {-100, 2, -100});
        assertThatThrownBy(() -> one(short2, 0, sample))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("token id 100 at index 2")
                .hasMessageContaining("vocabulary of 100");
        assertThatThrownBy(() -> one(OPTIONS, 0, sample(new int[] {1, -5}, new int[] {-100, -100})))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("token id -5");
        assertThatThrownBy(() -> one(OPTIONS, 0, sample(new int[] {1, 2}, new int[] {-100, 777})))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("777");
    }

    @Test
    void collateRejectsMissingImages() {
        assertThatThrownBy(() -> one(OPTIONS, 1, sample(new int[] {1, -200, -200}, new int[] {-100, -100, -100})))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("refers to 2 images but has 1");
    }

    @Test
    void constructorsRejectInvalidOptions() {
        assertThatThrownBy(() -> new CollatorOptions(0, 100, 50)).isInstanceOf(BadInputException.class);
        assertThatThrownBy(() -> new BatchOptions(0, 1, 1, 0, OPTIONS)).isInstanceOf(BadInputException.class);
    }

    private static BatchLayout one(CollatorOptions options, int images, EncodedSample sample) {
        return BatchLayout.collate(List.of(sample), new int[] {images}, options);
    }

    private static EncodedSample sample(int[] ids, int[] labels) {
        return new EncodedSample(ids, labels);
    }
}
