package org.llava4j.train.bench;

import java.util.Arrays;
import org.llava4j.data.BadInputException;
import org.llava4j.model.TensorSource;
import org.llava4j.model.config.ClipConfig;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.model.weights.WeightInitializer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Model and sample shape of a benchmark.
 *
 * @param textTokens of a sample, after its image tokens
 * @param targetTokens the last positions of a sample that are target tokens
 */
record BenchSize(String name, LlavaConfig config, int textTokens, int targetTokens) {
    private static final int MAX_LENGTH = 2048;
    private static final double DEVIATION = 0.02;
    private static final long SEED = 1;
    /** Number of different random values, half of which no matrix width divides. */
    private static final int BLOCK = (1 << 20) + 14;

    /** CLIP ViT-L/14 at 336 px. */
    private static final ClipConfig CLIP_L_336 = new ClipConfig(1024, 24, 16, 4096, 336, 14, 1e-5);

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
                16),
        new BenchSize(
                "1b", config(CLIP_L_336, new LlamaConfig(32000, 2048, 22, 32, 4, 5632, 1e-5, 10000, 1, false)), 44, 44),
        new BenchSize(
                "7b",
                config(CLIP_L_336, new LlamaConfig(32000, 4096, 32, 32, 32, 11008, 1e-5, 10000, 1, false)),
                44,
                44)
    };

    private static LlavaConfig config(ClipConfig vision, LlamaConfig decoder) {
        return LlavaConfig.withDefaults(vision, decoder, MAX_LENGTH);
    }

    static BenchSize named(String name) {
        return Arrays.stream(ALL)
                .filter(size -> size.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new BadInputException("unknown --size " + name + "; use mid, 1b, 7b or small"));
    }

    /**
     * Random weights of typical magnitude. Large tensors repeat a block of them, because generating a billion values
     * takes minutes.
     */
    static TensorSource weights() {
        float[] block =
                WeightInitializer.normal(SEED, "block", DEVIATION, BLOCK).toFloatVector();
        return (name, shape) -> {
            if (name.contains("norm") && name.endsWith("weight")) {
                return Nd4j.ones(DataType.FLOAT, shape);
            }
            INDArray tensor = Nd4j.createUninitialized(DataType.FLOAT, shape, 'c');
            NativeArray memory = new NativeArray(tensor);
            int start = Math.floorMod(name.hashCode(), BLOCK / 2);
            for (long at = 0; at < tensor.length(); at += BLOCK / 2) {
                int count = (int) Math.min(BLOCK / 2, tensor.length() - at);
                memory.write(Arrays.copyOfRange(block, start, start + count), at, count);
            }
            return tensor;
        };
    }

    /** {@link #weights()} with the matrices in a dtype. */
    static TensorSource weights(WeightDtype dtype) {
        TensorSource float32 = weights();
        return new TensorSource() {
            @Override
            public INDArray tensor(String name, long... shape) {
                return float32.tensor(name, shape);
            }

            @Override
            public SDVariable declareMatrix(SameDiff graph, String name, long... shape) {
                INDArray exact = float32.tensor(name, shape);
                INDArray converted = dtype.convert(name, exact);
                if (converted != exact) {
                    exact.close();
                }
                return graph.constant(name, converted);
            }
        };
    }

    /**
     * The same size with another number of text tokens.
     *
     * @throws BadInputException if image and text exceed the context length
     */
    BenchSize withTextTokens(int tokens) {
        if (config.numImageTokens() + tokens > MAX_LENGTH) {
            throw new BadInputException(
                    "--text " + tokens + " is too long: image and text tokens together are limited to " + MAX_LENGTH
                            + "; give " + (MAX_LENGTH - config.numImageTokens()) + " or less");
        }
        return new BenchSize(name, config, tokens, Math.min(targetTokens, tokens));
    }

    /** Sequence length of a sample: image tokens plus text tokens. */
    int length() {
        return config.numImageTokens() + textTokens;
    }
}
