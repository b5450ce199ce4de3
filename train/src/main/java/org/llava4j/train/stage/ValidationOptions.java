package org.llava4j.train.stage;

import java.nio.file.Path;

/**
 * Data that a run is measured on and does not learn from, in the format of what it learns from.
 *
 * @param data LLaVA's conversation JSON, or ScienceQA's folder
 * @param images the folder that pictures are named from; null for the one beside the data
 * @param split ScienceQA's split
 * @param evalSteps optimiser steps between two looks
 * @param maxSamples so many at most, the first of a fixed order
 * @param loadBestModelAtEnd whether the output gets the weights of the look with the lowest loss, not the last ones
 */
public record ValidationOptions(
        Path data, Path images, String split, int evalSteps, int maxSamples, boolean loadBestModelAtEnd) {}
