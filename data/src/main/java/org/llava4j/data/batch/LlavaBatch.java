package org.llava4j.data.batch;

import java.nio.file.Path;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Batch as arrays, each named after the graph placeholder that it feeds.
 *
 * @param images the N image files, in order; empty for a text-only batch (N is 1 then, and the image is all zeros)
 * @param layout the same values as plain Java arrays
 * @param pixelValues {@code float32[N, 3, S, S]}
 * @param inputIds {@code int32[B, T]}
 * @param imageRows {@code int32[N*P]}
 * @param positions {@code int32[B*T]}
 * @param rowStarts {@code int32[B]}
 * @param targetRows {@code int32[M]}
 * @param targets {@code int32[M]}
 */
public record LlavaBatch(
        List<Path> images,
        BatchLayout layout,
        INDArray pixelValues,
        INDArray inputIds,
        INDArray imageRows,
        INDArray positions,
        INDArray rowStarts,
        INDArray targetRows,
        INDArray targets) {

    public LlavaBatch {
        images = List.copyOf(images);
    }

    /**
     * Creates the arrays of a layout.
     *
     * @param pixels {@code float32[3*S*S]} of each image
     * @param imageSizePx S
     */
    public static LlavaBatch of(BatchLayout layout, List<Path> images, List<float[]> pixels, int imageSizePx) {
        int pixelsPerImage = 3 * imageSizePx * imageSizePx;
        float[] all = new float[Math.max(1, pixels.size()) * pixelsPerImage];
        for (int i = 0; i < pixels.size(); i++) {
            if (pixels.get(i).length != pixelsPerImage) {
                throw new IllegalArgumentException(
                        "image of " + pixels.get(i).length + " values; expected " + pixelsPerImage);
            }
            System.arraycopy(pixels.get(i), 0, all, i * pixelsPerImage, pixelsPerImage);
        }
        return new LlavaBatch(
                images,
                layout,
                Nd4j.createFromArray(all).reshape(-1, 3, imageSizePx, imageSizePx),
                ints(layout.inputIds()).reshape(layout.batchSize(), layout.sequenceLength()),
                ints(layout.imageRows()),
                ints(layout.positions()),
                ints(layout.rowStarts()),
                ints(layout.targetRows()),
                ints(layout.targets()));
    }

    private static INDArray ints(int[] values) {
        return values.length == 0 ? Nd4j.empty(DataType.INT32) : Nd4j.createFromArray(values);
    }

    /**
     * Converts to ND4J's data set: features pixel_values, input_ids, image_rows, positions, row_starts, target_rows, in
     * this order; label targets.
     */
    public MultiDataSet toMultiDataSet() {
        return new MultiDataSet(
                new INDArray[] {pixelValues, inputIds, imageRows, positions, rowStarts, targetRows},
                new INDArray[] {targets});
    }
}
