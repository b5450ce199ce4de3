package org.llava4j.train.stage;

import java.nio.file.Path;
import org.llava4j.data.batch.MixtureSampler;

/**
 * One of the sources that a run learns from.
 *
 * @param data LLaVA's conversation JSON, or ScienceQA's folder
 * @param images the folder that pictures are named from; null for the one beside or in the data
 * @param weight how often it is drawn, beside the weights of the others; null where each sample comes once an epoch
 */
public record DataSource(Path data, Path images, Double weight) {
    /** @throws org.llava4j.data.BadInputException if the weight is not a positive number */
    public DataSource {
        if (weight != null) {
            MixtureSampler.requireWeight(weight);
        }
    }

    /** A source whose samples come once an epoch. */
    public DataSource(Path data, Path images) {
        this(data, images, null);
    }
}
