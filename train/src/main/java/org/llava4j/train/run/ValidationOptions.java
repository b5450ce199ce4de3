package org.llava4j.train.run;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Validation set of a run, in the format of the training data, and when to evaluate on it.
 *
 * @param data LLaVA's conversation JSON, or ScienceQA's folder
 * @param images folder that image names are relative to; null for the default beside the data
 * @param split ScienceQA's split
 * @param evalSteps optimizer steps between evaluations
 * @param maxSamples maximum number of samples, the first in a fixed order
 * @param loadBestModelAtEnd whether the output gets the weights with the lowest validation loss instead of the last
 *     ones
 */
public record ValidationOptions(
        Path data, @Nullable Path images, String split, int evalSteps, int maxSamples, boolean loadBestModelAtEnd) {}
