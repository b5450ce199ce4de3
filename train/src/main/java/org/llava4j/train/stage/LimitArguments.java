package org.llava4j.train.stage;

/**
 * How much may go wrong before a run ends.
 *
 * @param maxBadSamples invalid samples (no target tokens, broken, image missing or corrupt) that are skipped per epoch
 *     and logged; one more ends the run
 * @param maxBadSteps steps that may be rejected because their loss or gradient is NaN or infinite or because of a loss
 *     spike; one more ends the run
 * @param explodingLoss a loss is a spike if it is this many times the smoothed loss, and 1 nat above it, after 20
 *     accepted steps; likewise if it raises the smoothed loss this far above its lowest value; 0 for no limit
 */
public record LimitArguments(int maxBadSamples, int maxBadSteps, double explodingLoss) {

    public LimitArguments {
        Checks.require(maxBadSamples >= 0, "maxBadSamples", maxBadSamples, "it must be at least 0");
        Checks.require(maxBadSteps >= 0, "maxBadSteps", maxBadSteps, "it must be at least 0");
        Checks.require(
                explodingLoss == 0 || (explodingLoss > 1 && !Double.isInfinite(explodingLoss)),
                "explodingLoss",
                explodingLoss,
                "use a factor greater than 1, or 0 for no limit");
    }
}
