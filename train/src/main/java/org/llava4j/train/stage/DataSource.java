package org.llava4j.train.stage;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.batch.MixtureSampler;

/**
 * Data source of a training run.
 *
 * @param data LLaVA's conversation JSON, ScienceQA's folder, or a tokenized dataset
 * @param images folder that image names are relative to; null for the default beside or in the data
 * @param weight sampling weight relative to other sources; null if each sample is seen once per epoch
 */
public record DataSource(
        Path data, @Nullable Path images, @Nullable Double weight) {
    /**
     * @throws org.llava4j.data.BadInputException if the weight is not positive
     */
    public DataSource {
        if (weight != null) {
            MixtureSampler.requireWeight(weight);
        }
    }

    /** A source without weight: each sample is seen once per epoch. */
    public DataSource(Path data, @Nullable Path images) {
        this(data, images, null);
    }
}
