package org.llava4j.data.batch;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Multimodal collator and the batch layout that it produces. Each image sentinel is expanded to its image tokens, rows
 * are truncated to the maximum length and padded to one length (LLaVA's {@code prepare_inputs_labels_for_multimodal}).
 * Flattened arrays are row-major: position t of row b has index {@code b * T + t}.
 *
 * @param batchSize B
 * @param sequenceLength T
 * @param inputIds {@code int32[B*T]}; 0 at image tokens and padding, where the embedding is replaced or unused
 * @param labels {@code int32[B*T]}: the label of each position itself, not shifted
 * @param imageRows {@code int32[N*P]}: the index of each image token, or {@link #NOT_PLACED} (truncated, or no
 *     sentinel refers to its image); a text-only batch has one image, which is not placed
 * @param positions {@code int32[B*T]}: position ids 0, 1, .. from the first real position of each row; 0 at padding
 * @param rowStarts {@code int32[B]}: first real position of each row
 * @param rowLengths {@code int32[B]}: number of real positions of each row
 * @param targetRows {@code int32[M]}: indices of the positions whose next token is a target
 * @param targets {@code int32[M]}: the target token of each of these positions
 * @param packing the samples of a packed batch, which has one row (B = 1); null if each sample has a row
 */
@SuppressWarnings("ArrayRecordComponent") // inputs of the graph; batches are never compared or used as keys
public record BatchLayout(
        int batchSize,
        int sequenceLength,
        int[] inputIds,
        int[] labels,
        int[] imageRows,
        int[] positions,
        int[] rowStarts,
        int[] rowLengths,
        int[] targetRows,
        int[] targets,
        @Nullable Packing packing)
        implements Serializable {

    /** Value in {@link #imageRows} of an image token that has no position in the batch. */
    public static final int NOT_PLACED = -1;

    /**
     * Samples of a packed batch, one after the other in its only row. Positions restart at each sample, and a sample
     * attends to itself only.
     *
     * @param segments {@code int32[S, 2]}, row-major: index of the first position of each sample, and of the position after
     *     its last
     * @param savedPositions positions that the samples would take more with a row for each
     */
    @SuppressWarnings("ArrayRecordComponent")
    public record Packing(int[] segments, int savedPositions) implements Serializable {}

    /**
     * Collates samples into a batch. With {@link CollatorOptions#packing}, it is packed if that takes fewer positions.
     *
     * @param imagesPerRow number of images of each sample; the batch's images are concatenated in sample order
     * @throws org.llava4j.data.BadInputException if an id is outside the vocabulary or a row refers to more images than it has
     */
    public static BatchLayout collate(List<EncodedSample> samples, int[] imagesPerRow, CollatorOptions options) {
        if (samples.isEmpty() || samples.size() != imagesPerRow.length) {
            throw new IllegalArgumentException("a batch needs samples and one image count for each, got "
                    + samples.size() + " samples and " + imagesPerRow.length + " image counts");
        }
        int[] lengths = samples.stream()
                .mapToInt(sample -> truncatedLength(sample.inputIds(), options))
                .toArray();
        int longest = Arrays.stream(lengths).max().orElseThrow();
        int length = (int) Math.max(longest, Math.min(rounded(longest, options), options.maxLength()));
        int images = Arrays.stream(imagesPerRow).sum();
        int unpacked = Math.multiplyExact(samples.size(), length);
        long packed = rounded(Arrays.stream(lengths).asLongStream().sum(), options);
        boolean packs = options.packing() && packed < unpacked;
        Collator collator = packs
                ? new Collator(1, (int) packed, samples.size(), images, options)
                : new Collator(samples.size(), length, samples.size(), images, options);
        int end = 0;
        for (int i = 0; i < lengths.length; i++) {
            boolean left = options.paddingSide() == CollatorOptions.PaddingSide.LEFT;
            int first = packs ? end : i * length + (left ? length - lengths[i] : 0);
            collator.add(first, lengths[i], samples.get(i), imagesPerRow[i]);
            end = first + lengths[i];
        }
        return packs ? collator.packed(unpacked - (int) packed) : collator.rows();
    }

    private static long rounded(long length, CollatorOptions options) {
        return (length + options.padToMultipleOf() - 1) / options.padToMultipleOf() * options.padToMultipleOf();
    }

    /** Returns the length of a row with each image sentinel expanded to its image tokens. */
    public static int expandedLength(int[] inputIds, int numImageTokens) {
        int length = inputIds.length;
        for (int id : inputIds) {
            length += id == LlamaTokenizer.IMAGE_TOKEN_ID ? numImageTokens - 1 : 0;
        }
        return length;
    }

    /**
     * Returns the length of a row truncated to {@code maxLength}. If the cut would be inside an image with start
     * and end tokens, the row ends before the start token instead.
     */
    private static int truncatedLength(int[] inputIds, CollatorOptions options) {
        ImageStartEndTokens startEnd = options.imageStartEnd();
        int at = 0;
        for (int i = 0; i < inputIds.length; i++) {
            boolean startsImage = startEnd != null && startEnd.isAt(i, inputIds);
            if (startsImage && at + options.numImageTokens() + 2 > options.maxLength()) {
                return Math.min(at, options.maxLength());
            }
            at += inputIds[i] == LlamaTokenizer.IMAGE_TOKEN_ID ? options.numImageTokens() : 1;
        }
        return Math.min(at, options.maxLength());
    }

    /** Tests whether a target token remains after truncation; the first position is never a target. */
    public static boolean hasTarget(EncodedSample sample, CollatorOptions options) {
        int at = 0;
        for (int i = 0; i < sample.inputIds().length; i++) {
            boolean isImage = sample.inputIds()[i] == LlamaTokenizer.IMAGE_TOKEN_ID;
            if (at > 0 && at < options.maxLength() && sample.labels()[i] != EncodedSample.IGNORE_INDEX) {
                return true;
            }
            at += isImage ? options.numImageTokens() : 1;
        }
        return false;
    }

    /** Returns the number of padding positions. */
    public int paddedPositions() {
        return batchSize * sequenceLength - Arrays.stream(rowLengths).sum();
    }

    /**
     * Creates the arrays of the batch. Features, in this order: images, {@code input_ids int32[B, T]}, {@code
     * image_rows int32[N*P]}, {@code positions int32[B*T]}, {@code row_starts int32[B]} (of a packed batch {@link
     * Packing#segments}), {@code target_rows int32[M]}.
     * Label: {@code targets int32[M]}. There are no masks, since padding has no targets and attention reads {@code
     * row_starts}. For M = 0, {@code target_rows} and {@code targets} are empty.
     *
     * @param images {@code float32[N, 3, S, S]} pixels or {@code float32[N*P, Dv]} features of the images
     */
    public MultiDataSet toMultiDataSet(INDArray images) {
        INDArray[] features = {
            images,
            array(inputIds).reshape(batchSize, sequenceLength),
            array(imageRows),
            array(positions),
            packing == null ? array(rowStarts) : array(packing.segments()).reshape(packing.segments().length / 2, 2),
            array(targetRows)
        };
        return new MultiDataSet(features, new INDArray[] {array(targets)});
    }

    private static INDArray array(int... values) {
        return values.length == 0 ? Nd4j.empty(DataType.INT32) : Nd4j.createFromArray(values);
    }
}
