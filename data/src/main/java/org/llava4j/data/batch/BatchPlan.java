package org.llava4j.data.batch;

import java.nio.file.Path;
import java.util.List;

/**
 * Collated batch whose images are not loaded yet. It suffices where the features of the images are cached.
 *
 * @param images image files, in the order of {@link BatchLayout#imageRows}; empty for a text-only batch
 * @param samples index of the sample of each image, for messages
 * @param rows index of the sample of each row, for messages
 */
public record BatchPlan(BatchLayout layout, List<Path> images, List<Integer> samples, List<Integer> rows) {
    public BatchPlan {
        images = List.copyOf(images);
        samples = List.copyOf(samples);
        rows = List.copyOf(rows);
    }
}
