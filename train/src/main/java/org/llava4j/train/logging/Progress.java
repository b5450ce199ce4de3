package org.llava4j.train.logging;

import org.jspecify.annotations.Nullable;
import org.llava4j.train.Trainer;

/**
 * Progress of a run after a step.
 *
 * @param stage name of the stage
 * @param step the step
 * @param totalSteps steps of the run
 * @param smoothedLoss exponential moving average of the loss
 * @param samples samples seen
 * @param samplesPerSecond since this process started, without its first step, which builds the graph
 * @param tokensPerSecond the same for positions, including image tokens and padding
 * @param paddingShare share of all positions so far that are padding, 0..1
 * @param unpackedPaddingShare share that would be padding without packing; null if packing saved none
 * @param targetTokenShare share of all positions so far that have a target, 0..1
 * @param rssBytes resident memory of this process; 0 if unknown
 * @param elapsedMs time since this process started
 * @param remainingMs estimated time until the last step
 */
public record Progress(
        String stage,
        Trainer.Step step,
        int totalSteps,
        double smoothedLoss,
        long samples,
        double samplesPerSecond,
        double tokensPerSecond,
        double paddingShare,
        @Nullable Double unpackedPaddingShare,
        double targetTokenShare,
        long rssBytes,
        long elapsedMs,
        long remainingMs) {}
