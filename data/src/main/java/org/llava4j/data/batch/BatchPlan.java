package org.llava4j.data.batch;

import java.nio.file.Path;
import java.util.List;

/**
 * A batch before its pictures are read.
 *
 * @param images the files of the N pictures, in the order of {@link SpliceLayout#imageRows}; empty where the batch has
 *     none, though the layout has one that goes nowhere then
 * @param samples the number of the sample that each picture belongs to
 */
public record BatchPlan(SpliceLayout layout, List<Path> images, List<Integer> samples) {
    public BatchPlan {
        images = List.copyOf(images);
        samples = List.copyOf(samples);
    }
}
