package org.llava4j.model.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class DropoutMaskTest {
    private static final Kernels REFERENCE = Nd4jKernels.create();
    private static final Kernels CPU = CpuKernels.create(REFERENCE);
    private static final double RATE = 0.3;
    private static final long STREAM = DropoutMask.stream(42, "model.layers.0.mlp.up_proj.weight");

    private static INDArray run(Kernels kernels, INDArray x, DropoutMask mask) {
        INDArray y = Nd4j.valueArrayOf(x.shape(), Double.NaN, x.dataType());
        kernels.elementwise().dropout(x, mask, y);
        return y;
    }

    private static INDArray mask(long stream, long seed) {
        return run(CPU, Nd4j.ones(DataType.FLOAT, 100, 1001), new DropoutMask(stream, seed, RATE));
    }

    @Test
    void kernelsDropSameElements() {
        INDArray x = Nd4j.randn(DataType.FLOAT, 37, 2047);
        for (long seed : new long[] {-1, 0, 7, Long.MAX_VALUE}) {
            DropoutMask mask = new DropoutMask(STREAM, seed, RATE);
            assertThat(run(CPU, x, mask)).isEqualTo(run(REFERENCE, x, mask));
        }
    }

    @Test
    void kernelsScaleEqually() {
        INDArray x = Nd4j.randn(DataType.FLOAT, 5, 1201);
        for (Kernels kernels : List.of(CPU, REFERENCE)) {
            INDArray y = Nd4j.create(DataType.FLOAT, 5, 1201);
            kernels.elementwise().scale(x, 0.25, y);
            assertThat(y).isEqualTo(x.mul(0.25));
        }
    }

    @Test
    void dropoutKeepsMean() {
        INDArray mask = mask(STREAM, 3);
        double dropped = mask.eq(0).castTo(DataType.DOUBLE).meanNumber().doubleValue();
        assertThat(dropped).isBetween(RATE - 0.005, RATE + 0.005);
        assertThat(mask.maxNumber().floatValue()).isEqualTo((float) (1 / (1 - RATE)));
        assertThat(mask.meanNumber().doubleValue()).isBetween(0.99, 1.01);
    }

    @Test
    void maskDependsOnSeedAndStreamOnly() {
        INDArray mask = mask(STREAM, 3);
        assertThat(mask(STREAM, 3)).isEqualTo(mask);
        for (INDArray other : List.of(mask(STREAM, 4), mask(DropoutMask.stream(42, "b"), 3), mask(STREAM + 1, 3))) {
            // Two independent masks both drop this share.
            double both =
                    mask.add(other).eq(0).castTo(DataType.DOUBLE).meanNumber().doubleValue();
            assertThat(both).isBetween(RATE * RATE - 0.005, RATE * RATE + 0.005);
        }
        assertThat(mask(STREAM, -1).minNumber().floatValue()).isEqualTo(1);
    }
}
