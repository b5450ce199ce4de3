package org.llava4j.data.parquet;

import java.util.List;

/**
 * Sample of a Parquet dataset.
 *
 * @param value the sample, which refers to its images by name
 * @param images the images that the file contains, in the order of the sample
 * @param <T> type of the sample
 */
public record ParquetSample<T>(T value, List<ParquetImage> images) {
    public ParquetSample {
        images = List.copyOf(images);
    }
}
