package org.llava4j.model.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;
import org.llava4j.model.kernels.AttentionKernels.QueryKeyValue;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** CPU kernels with unsupported arrays and invalid arguments. */
class CpuKernelsLimitsTest {
    private final Kernels kernels =
            CpuKernels.create(Nd4jKernels.create(), MathBackend.bestAvailable(), new KernelThreadPool(2));
    private final ReferenceKernelCheck check = new ReferenceKernelCheck(kernels, 11);

    @Test
    void doubleArraysUseFallback() {
        INDArray x = check.normal(5, 8).castTo(DataType.DOUBLE);
        INDArray w = check.normal(3, 8).castTo(DataType.DOUBLE);
        INDArray y = Nd4j.create(DataType.DOUBLE, 5, 3);
        kernels.linear().forward(x, w, null, null, y);
        assertThat(y.distance2(x.mmul(w.transpose()))).isCloseTo(0, within(1e-12));
    }

    @Test
    void stridedArraysUseFallback() {
        INDArray x = check.normal(6, 20).get(NDArrayIndex.all(), NDArrayIndex.interval(3, 11));
        check.run(
                "strided rows",
                (k, a, out) -> k.activations().swiGlu(a[0], a[1], out[0]),
                ReferenceKernelCheck.in(x, check.normal(6, 8)),
                ReferenceKernelCheck.shape(6, 8));
    }

    @Test
    void denseViewsAreReadInPlace() {
        INDArray whole = check.normal(9, 8);
        INDArray x = whole.get(NDArrayIndex.interval(4, 9), NDArrayIndex.all());
        assertThat(Matrix.allReadable(x)).isTrue();
        check.run(
                "rows 4 to 9",
                (k, a, out) -> k.norms().rmsNorm(a[0], a[1], 1e-5, out[0]),
                ReferenceKernelCheck.in(x, check.normal(8)),
                ReferenceKernelCheck.shape(5, 8));
        INDArray ids = ReferenceKernelCheck.ints(0, 0, 2, 1).get(NDArrayIndex.interval(2, 4));
        INDArray y = Nd4j.create(DataType.FLOAT, 2, 8);
        kernels.rows().embedding(ids, x, y);
        assertThat(y.getRow(0)).isEqualTo(whole.getRow(6));
        assertThat(y.getRow(1)).isEqualTo(whole.getRow(5));
    }

    @Test
    void kernelsRejectMismatchedShapes() {
        assertThatThrownBy(() -> kernels.linear()
                        .forward(check.normal(4, 8), check.normal(3, 7), null, null, Nd4j.create(DataType.FLOAT, 4, 3)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("x must be [4, 7] but is [4, 8]");
        assertThatThrownBy(() -> kernels.activations()
                        .swiGlu(check.normal(4, 8), check.normal(4, 8), Nd4j.create(DataType.FLOAT, 4, 9)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[4, 9]");
        INDArray q = check.normal(6, 8);
        AttentionShape shape = new AttentionShape(2, 3, 3, 2, 4, true);
        assertThatThrownBy(() -> kernels.attention().forward(new QueryKeyValue(q, q, q), null, shape, q))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("heads=3, kvHeads=2");
        AttentionShape valid = new AttentionShape(1, 6, 2, 2, 4, true);
        for (int[] segments : new int[][] {{0, 3, 2, 6}, {0, 7}, {-1, 3}, {3, 2}}) {
            INDArray pairs = Nd4j.createFromArray(segments).reshape(segments.length / 2, 2);
            assertThatThrownBy(() -> kernels.attention().forward(new QueryKeyValue(q, q, q), pairs, valid, q))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("of a packed batch: segments are ascending, do not overlap");
        }
    }

    @Test
    void kernelsRejectIdOutsideTable() {
        INDArray table = check.normal(5, 8);
        INDArray y = Nd4j.create(DataType.FLOAT, 3, 8);
        assertThatThrownBy(() -> kernels.rows().embedding(ReferenceKernelCheck.ints(1, -200, 2), table, y))
                .isInstanceOf(BadInputException.class)
                .hasMessage("token id -200 at position 1 is outside 0..4;"
                        + " check that tokenizer, data and model belong together");
        assertThatThrownBy(() -> kernels.rows()
                        .replaceRows(y, y, ReferenceKernelCheck.ints(0, 3, -1), Nd4j.create(DataType.FLOAT, 3, 8)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("row 3 at position 1");
        assertThatThrownBy(() ->
                        kernels.loss().crossEntropy(table, ReferenceKernelCheck.ints(0, 1, 2, 3, 8), check.normal(1)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("target token 8 of row 4 is outside 0..7");
    }

    @Test
    void kernelsPropagateNaN() {
        INDArray x = check.normal(40, 64);
        x.putScalar(17, 33, Float.NaN);
        INDArray y = Nd4j.create(DataType.FLOAT, 40, 64);
        kernels.activations().swiGlu(x, check.normal(40, 64), y);
        assertThat(y.getFloat(17, 33)).isNaN();
        INDArray loss = Nd4j.create(DataType.FLOAT, 1);
        kernels.loss().crossEntropy(x, check.anyBelow(64, 40), loss);
        assertThat(loss.getFloat(0)).isNaN();
    }

    @Test
    void chooseFollowsPropertyAndBackend() {
        assertThat(KernelChoice.choose(null).name()).startsWith("CPU kernels");
        assertThat(KernelChoice.choose("cpu").name()).startsWith("CPU kernels");
        assertThat(KernelChoice.choose("nd4j").name()).isEqualTo("ND4J kernels");
        assertThatThrownBy(() -> KernelChoice.choose("gpu"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll("-Dllava4j.kernels=gpu", "cpu or nd4j");
    }
}
