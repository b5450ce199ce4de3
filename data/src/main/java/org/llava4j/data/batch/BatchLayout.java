package org.llava4j.data.batch;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import org.llava4j.data.BadInputException;
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
        int[] targets)
        implements Serializable {

    /** Value in {@link #imageRows} of an image token that has no position in the batch. */
    public static final int NOT_PLACED = -1;

    /**
     * Collates samples into a batch.
     *
     * @param imagesPerRow number of images of each sample; the batch's images are concatenated in sample order
     * @throws BadInputException if an id is outside the vocabulary or a row refers to more images than it has
     */
    public static BatchLayout collate(List<EncodedSample> samples, int[] imagesPerRow, CollatorOptions options) {
        if (samples.isEmpty() || samples.size() != imagesPerRow.length) {
            throw new IllegalArgumentException("a batch needs samples and one image count for each, got "
                    + samples.size() + " samples and " + imagesPerRow.length + " image counts");
        }
        int longest = 0;
        for (EncodedSample sample : samples) {
            longest = Math.max(longest, truncatedLength(sample.inputIds(), options));
        }
        int rounded = (longest + options.padToMultipleOf() - 1) / options.padToMultipleOf() * options.padToMultipleOf();
        int length = Math.max(longest, Math.min(rounded, options.maxLength()));
        Collator collator =
                new Collator(samples.size(), length, Arrays.stream(imagesPerRow).sum(), options);
        for (int row = 0; row < samples.size(); row++) {
            collator.add(row, samples.get(row), imagesPerRow[row]);
        }
        return collator.layout();
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
     * image_rows int32[N*P]}, {@code positions int32[B*T]}, {@code row_starts int32[B]}, {@code target_rows int32[M]}.
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
            array(rowStarts),
            array(targetRows)
        };
        return new MultiDataSet(features, new INDArray[] {array(targets)});
    }

    private static INDArray array(int... values) {
        return values.length == 0 ? Nd4j.empty(DataType.INT32) : Nd4j.createFromArray(values);
    }

    /** Builder of a batch: fills its arrays row by row. */
    private static final class Collator {
        private final CollatorOptions options;
        private final int length;
        private final int[] inputIds;
        private final int[] labels;
        private final int[] imageRows;
        private final int[] positions;
        private final int[] rowStarts;
        private final int[] rowLengths;
        private int imageOffset;

        Collator(int rows, int length, int images, CollatorOptions options) {
            this.options = options;
            this.length = length;
            inputIds = new int[rows * length];
            labels = new int[rows * length];
            Arrays.fill(labels, EncodedSample.IGNORE_INDEX);
            positions = new int[rows * length];
            imageRows = new int[Math.max(1, images) * options.numImageTokens()];
            Arrays.fill(imageRows, NOT_PLACED);
            rowStarts = new int[rows];
            rowLengths = new int[rows];
        }

        void add(int row, EncodedSample sample, int images) {
            int imageTokens = options.numImageTokens();
            int rowLength = truncatedLength(sample.inputIds(), options);
            int start = options.paddingSide() == CollatorOptions.PaddingSide.LEFT ? length - rowLength : 0;
            rowStarts[row] = start;
            rowLengths[row] = rowLength;
            int first = row * length + start;
            for (int t = 0; t < rowLength; t++) {
                positions[first + t] = t;
            }
            int at = 0;
            int image = 0;
            for (int i = 0; i < sample.inputIds().length; i++) {
                int id = sample.inputIds()[i];
                if (id == LlamaTokenizer.IMAGE_TOKEN_ID) {
                    for (int k = 0; k < imageTokens && image < images && at + k < rowLength; k++) {
                        imageRows[(imageOffset + image) * imageTokens + k] = first + at + k;
                    }
                    image++;
                    at += imageTokens;
                    continue;
                }
                checkId(id, row, i);
                if (at < rowLength) {
                    inputIds[first + at] = id;
                    labels[first + at] = checkLabel(sample.labels()[i], row, i);
                }
                at++;
            }
            if (image > images) {
                throw new BadInputException("row " + row + " refers to " + image + " images but has " + images
                        + "; write <image> once for each image");
            }
            imageOffset += images;
        }

        private void checkId(int id, int row, int index) {
            if (id < 0 || id >= options.vocabSize()) {
                throw new BadInputException("row " + row + ": token id " + id + " at index " + index
                        + " is outside the model's vocabulary of " + options.vocabSize()
                        + "; use the model's own tokenizer");
            }
        }

        private int checkLabel(int label, int row, int index) {
            if (label != EncodedSample.IGNORE_INDEX) {
                checkId(label, row, index);
            }
            return label;
        }

        BatchLayout layout() {
            int[] targetRows = new int[labels.length];
            int[] targets = new int[labels.length];
            int count = 0;
            for (int row = 0; row < rowStarts.length; row++) {
                int end = rowStarts[row] + rowLengths[row];
                // The first position of a row has no predecessor, so it is never a target.
                for (int t = rowStarts[row] + 1; t < end; t++) {
                    int at = row * length + t;
                    if (labels[at] != EncodedSample.IGNORE_INDEX) {
                        targetRows[count] = at - 1;
                        targets[count++] = labels[at];
                    }
                }
            }
            return new BatchLayout(
                    rowStarts.length,
                    length,
                    inputIds,
                    labels,
                    imageRows,
                    positions,
                    rowStarts,
                    rowLengths,
                    Arrays.copyOf(targetRows, count),
                    Arrays.copyOf(targets, count));
        }
    }
}
