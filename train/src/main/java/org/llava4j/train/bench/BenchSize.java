package org.llava4j.train.bench;

import java.util.Arrays;
import org.llava4j.data.BadInputException;
import org.llava4j.model.config.ClipConfig;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.config.LlavaConfig.SelectFeature;
import org.llava4j.model.weights.TensorSource;
import org.llava4j.model.weights.WeightInitializer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A model to measure with and the shape of its samples.
 *
 * @param textTokens of a sample, behind its image's
 * @param targetTokens so many of its last positions are learned
 */
record BenchSize(String name, LlavaConfig config, int textTokens, int targetTokens) {
    private static final int MAX_LENGTH = 2048;
    private static final double DEVIATION = 0.02;
    private static final long SEED = 1;

    private static final BenchSize[] ALL = {
        new BenchSize(
                "mid",
                config(
                        new ClipConfig(256, 6, 4, 1024, 224, 14, 1e-5),
                        new LlamaConfig(8000, 512, 8, 8, 8, 1376, 1e-5, 10000, 1, false)),
                128,
                64),
        new BenchSize(
                "small",
                config(
                        new ClipConfig(64, 3, 4, 256, 56, 14, 1e-5),
                        new LlamaConfig(1000, 128, 2, 4, 4, 344, 1e-5, 10000, 1, false)),
                32,
                16)
    };

    private static LlavaConfig config(ClipConfig vision, LlamaConfig decoder) {
        return new LlavaConfig(
                vision, decoder, ProjectorType.LINEAR, -2, SelectFeature.PATCH, MAX_LENGTH, false, false);
    }

    static BenchSize named(String name) {
        return Arrays.stream(ALL)
                .filter(size -> size.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new BadInputException(
                        "--size " + name + " is not known; use mid, or small to try the command"));
    }

    /** Numbers of a model's usual size. */
    static TensorSource weights() {
        return (name, shape) -> name.contains("norm") && name.endsWith("weight")
                ? Nd4j.ones(DataType.FLOAT, shape)
                : WeightInitializer.normal(SEED, name, DEVIATION, shape);
    }

    /** The same with samples of so much text. */
    BenchSize withTextTokens(int positions) {
        if (config.numImageTokens() + positions > MAX_LENGTH) {
            throw new BadInputException("--text " + positions + " is too long; an image and its text may have "
                    + MAX_LENGTH + " positions, give " + (MAX_LENGTH - config.numImageTokens()) + " or less");
        }
        return new BenchSize(name, config, positions, Math.min(targetTokens, positions));
    }

    /** P + text, positions of one sample. */
    int length() {
        return config.numImageTokens() + textTokens;
    }
}
