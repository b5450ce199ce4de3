package org.llava4j.data.batch;

import java.nio.file.Path;
import java.util.List;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * Collated batch whose images are not loaded yet, for a place that loads them later: a cluster's executor.
 *
 * @param images image files, in the order of {@link BatchLayout#imageRows}; empty for a text-only batch
 * @param rows index of the sample of each row, for messages
 */
public record BatchPlan(BatchLayout layout, List<Path> images, List<Integer> rows) {
    public BatchPlan {
        images = List.copyOf(images);
        rows = List.copyOf(rows);
    }

    /** Loads the images and returns the arrays of {@link BatchLayout#toMultiDataSet}. */
    public MultiDataSet toMultiDataSet(ImageLoader loader) {
        return layout.toMultiDataSet(loader.load(images));
    }
}
