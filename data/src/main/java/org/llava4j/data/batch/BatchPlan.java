package org.llava4j.data.batch;

import java.nio.file.Path;
import java.util.List;

/**
 * A batch before any picture is read: enough for who has the pictures' features already.
 *
 * @param images the files of the pictures, in the order of {@link BatchLayout#imageRows}; empty where the batch has none
 * @param samples for each picture the number of its sample, for messages
 * @param rows for each row the number of its sample, for messages
 */
public record BatchPlan(BatchLayout layout, List<Path> images, List<Integer> samples, List<Integer> rows) {
    public BatchPlan {
        images = List.copyOf(images);
        samples = List.copyOf(samples);
        rows = List.copyOf(rows);
    }
}
