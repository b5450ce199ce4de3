package org.llava4j.data.batch;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.tokenizer.LlamaTokenizer;

/**
 * Where everything of a batch goes: each image sentinel gives way to its image's vectors, rows are cut to the maximum
 * length and padded to one length (LLaVA's {@code prepare_inputs_labels_for_multimodal}). The lead index of a flattened
 * array is the row b, so position t of row b is {@code b * T + t}.
 *
 * @param batchSize B
 * @param sequenceLength T
 * @param inputIds {@code int32[B*T]}; 0 at image vectors and padding, where the embedding is replaced or never read
 * @param labels {@code int32[B*T]}: the label of each position itself, not yet shifted
 * @param imageRows {@code int32[N*P]}: the position each image vector takes, -1 where it goes nowhere (cut off, or no
 *     token refers to its image); a batch without images has one image that goes nowhere
 * @param positions {@code int32[B*T]}: 0, 1, .. from each row's first real position; 0 at padding
 * @param rowStarts {@code int32[B]}: first real position of each row
 * @param rowLengths {@code int32[B]}: number of real positions of each row
 * @param targetRows {@code int32[M]}: the positions whose next one is learned
 * @param targets {@code int32[M]}: what is to follow there
 */
@SuppressWarnings("ArrayRecordComponent") // plain numbers for the graph; never compared or used as a key
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

    /** What stands in {@link #imageRows} for a vector that goes nowhere. */
    public static final int NOT_PLACED = -1;

    /**
     * Lays out a batch.
     *
     * @param imagesPerRow how many images each sample brings; images come in this order, one after the other
     * @throws BadInputException if an id is outside the vocabulary or a row refers to more images than it brings
     */
    public static BatchLayout collate(List<EncodedSample> samples, int[] imagesPerRow, CollatorOptions options) {
        if (samples.isEmpty() || samples.size() != imagesPerRow.length) {
            throw new IllegalArgumentException(samples.size() + " samples, images for " + imagesPerRow.length);
        }
        int longest = 0;
        for (EncodedSample sample : samples) {
            longest = Math.max(longest, truncatedLength(sample.inputIds(), options));
        }
        int rounded = (longest + options.padToMultipleOf() - 1) / options.padToMultipleOf() * options.padToMultipleOf();
        int length = Math.max(longest, Math.min(rounded, options.maxLength()));
        Collator filling =
                new Collator(samples.size(), length, Arrays.stream(imagesPerRow).sum(), options);
        for (int row = 0; row < samples.size(); row++) {
            filling.add(row, samples.get(row), imagesPerRow[row]);
        }
        return filling.layout();
    }

    /** How many positions a row takes once its images are in it. */
    public static int expandedLength(int[] inputIds, int vectorsPerImage) {
        int length = inputIds.length;
        for (int id : inputIds) {
            length += id == LlamaTokenizer.IMAGE_TOKEN_ID ? vectorsPerImage - 1 : 0;
        }
        return length;
    }

    /**
     * How many positions of a row are kept: at most {@code maxLength}, and never a part of a slot with its start and
     * end tokens. What follows a slot that is cut would be cut too, so that no other position is lost by this.
     */
    private static int truncatedLength(int[] inputIds, CollatorOptions options) {
        int at = 0;
        for (int i = 0; i < inputIds.length; i++) {
            int index = i;
            boolean slot =
                    options.imageStartEnd().filter(s -> s.isAt(index, inputIds)).isPresent();
            if (slot && at + options.numImageTokens() + 2 > options.maxLength()) {
                return Math.min(at, options.maxLength());
            }
            at += inputIds[i] == LlamaTokenizer.IMAGE_TOKEN_ID ? options.numImageTokens() : 1;
        }
        return Math.min(at, options.maxLength());
    }

    /** Whether anything is learned of a sample in its first {@code maxLength} positions. */
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

    /** Number of images whose vectors {@link #imageRows} places: N, at least 1. */
    public int numImages(int vectorsPerImage) {
        return imageRows.length / vectorsPerImage;
    }

    /** Positions that are padding. */
    public int paddedPositions() {
        return batchSize * sequenceLength - Arrays.stream(rowLengths).sum();
    }

    /** The arrays while rows are being written. */
    private static final class Collator {
        private final CollatorOptions options;
        private final int length;
        private final int[] inputIds;
        private final int[] labels;
        private final int[] imageRows;
        private final int[] positions;
        private final int[] rowStarts;
        private final int[] rowLengths;
        private int imagesBefore;

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
            int vectors = options.numImageTokens();
            int real = truncatedLength(sample.inputIds(), options);
            int start = options.paddingSide() == CollatorOptions.PaddingSide.LEFT ? length - real : 0;
            rowStarts[row] = start;
            rowLengths[row] = real;
            int first = row * length + start;
            for (int t = 0; t < real; t++) {
                positions[first + t] = t;
            }
            int at = 0;
            int image = 0;
            for (int i = 0; i < sample.inputIds().length; i++) {
                int id = sample.inputIds()[i];
                if (id == LlamaTokenizer.IMAGE_TOKEN_ID) {
                    for (int v = 0; v < vectors && image < images && at + v < real; v++) {
                        imageRows[(imagesBefore + image) * vectors + v] = first + at + v;
                    }
                    image++;
                    at += vectors;
                    continue;
                }
                checkId(id, row, i);
                if (at < real) {
                    inputIds[first + at] = id;
                    labels[first + at] = checkLabel(sample.labels()[i], row, i);
                }
                at++;
            }
            if (image > images) {
                throw new BadInputException("row " + row + " refers to " + image + " images but brings " + images
                        + "; write <image> once for each image");
            }
            imagesBefore += images;
        }

        private void checkId(int id, int row, int index) {
            if (id < 0 || id >= options.vocabSize()) {
                throw new BadInputException("row " + row + ": token id " + id + " at index " + index
                        + " is outside the model's vocabulary of " + options.vocabSize()
                        + "; model and tokenizer do not belong together");
            }
        }

        private int checkLabel(int label, int row, int index) {
            if (label != EncodedSample.IGNORE_INDEX) {
                checkId(label, row, index);
            }
            return label;
        }

        BatchLayout layout() {
            int[] rowsOfTargets = new int[labels.length];
            int[] targets = new int[labels.length];
            int count = 0;
            for (int row = 0; row < rowStarts.length; row++) {
                int end = rowStarts[row] + rowLengths[row];
                // A row's first position follows nothing, so nothing predicts it.
                for (int t = rowStarts[row] + 1; t < end; t++) {
                    int at = row * length + t;
                    if (labels[at] != EncodedSample.IGNORE_INDEX) {
                        rowsOfTargets[count] = at - 1;
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
                    Arrays.copyOf(rowsOfTargets, count),
                    Arrays.copyOf(targets, count));
        }
    }
}
