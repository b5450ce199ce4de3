package org.llava4j.data.batch;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.tokenizer.LlamaTokenizer;

/** Builder of a {@link BatchLayout}: fills its arrays sample by sample. */
final class Collator {
    private final CollatorOptions options;
    private final int rows;
    private final int length;
    private final int[] inputIds;
    private final int[] labels;
    private final int[] imageRows;
    private final int[] positions;
    private final int[] firsts; // first position of each sample in the batch, and the position after its last
    private final int[] ends;
    private int samples;
    private int imageOffset;

    /**
     * @param rows B
     * @param length T
     * @param images number of images of all samples
     */
    Collator(int rows, int length, int samples, int images, CollatorOptions options) {
        this.options = options;
        this.rows = rows;
        this.length = length;
        inputIds = new int[rows * length];
        labels = new int[rows * length];
        Arrays.fill(labels, EncodedSample.IGNORE_INDEX);
        positions = new int[rows * length];
        imageRows = new int[Math.max(1, images) * options.numImageTokens()];
        Arrays.fill(imageRows, BatchLayout.NOT_PLACED);
        firsts = new int[samples];
        ends = new int[samples];
    }

    /**
     * Adds a sample.
     *
     * @param first index of its first position in the batch
     * @param sampleLength number of its positions; what is longer is truncated
     * @param images number of its images
     */
    void add(int first, int sampleLength, EncodedSample sample, int images) {
        int number = samples++;
        firsts[number] = first;
        ends[number] = first + sampleLength;
        for (int t = 0; t < sampleLength; t++) {
            positions[first + t] = t;
        }
        int imageTokens = options.numImageTokens();
        int at = 0;
        int image = 0;
        for (int i = 0; i < sample.inputIds().length; i++) {
            int id = sample.inputIds()[i];
            if (id == LlamaTokenizer.IMAGE_TOKEN_ID) {
                for (int k = 0; k < imageTokens && image < images && at + k < sampleLength; k++) {
                    imageRows[(imageOffset + image) * imageTokens + k] = first + at + k;
                }
                image++;
                at += imageTokens;
                continue;
            }
            checkId(id, number, i);
            if (at < sampleLength) {
                inputIds[first + at] = id;
                labels[first + at] = checkLabel(sample.labels()[i], number, i);
            }
            at++;
        }
        if (image > images) {
            throw new BadInputException("row " + number + " refers to " + image + " images but has " + images
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

    /** The batch of samples that have a row each. */
    BatchLayout rows() {
        int[] starts = new int[rows];
        int[] lengths = new int[rows];
        for (int row = 0; row < rows; row++) {
            starts[row] = firsts[row] - row * length;
            lengths[row] = ends[row] - firsts[row];
        }
        return layout(starts, lengths, null);
    }

    /**
     * The batch of samples that are packed into one row.
     *
     * @param savedPositions see {@link BatchLayout.Packing}
     */
    BatchLayout packed(int savedPositions) {
        int[] segments = new int[2 * samples];
        for (int sample = 0; sample < samples; sample++) {
            segments[2 * sample] = firsts[sample];
            segments[2 * sample + 1] = ends[sample];
        }
        return layout(new int[] {0}, new int[] {ends[samples - 1]}, new BatchLayout.Packing(segments, savedPositions));
    }

    private BatchLayout layout(int[] rowStarts, int[] rowLengths, BatchLayout.@Nullable Packing packing) {
        int[] targetRows = new int[labels.length];
        int[] targets = new int[labels.length];
        int count = 0;
        for (int sample = 0; sample < samples; sample++) {
            // The first position of a sample has no predecessor, so it is never a target.
            for (int at = firsts[sample] + 1; at < ends[sample]; at++) {
                if (labels[at] != EncodedSample.IGNORE_INDEX) {
                    targetRows[count] = at - 1;
                    targets[count++] = labels[at];
                }
            }
        }
        return new BatchLayout(
                rows,
                length,
                inputIds,
                labels,
                imageRows,
                positions,
                rowStarts,
                rowLengths,
                Arrays.copyOf(targetRows, count),
                Arrays.copyOf(targets, count),
                packing);
    }
}
