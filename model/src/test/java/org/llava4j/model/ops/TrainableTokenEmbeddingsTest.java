package org.llava4j.model.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.model.kernels.CpuKernels;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.kernels.Nd4jKernels;
import org.llava4j.model.samediff.GraphHooks;
import org.llava4j.model.samediff.GraphOp;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Compares the operation and both gradients on the CPU and reference kernels with plain loops. */
class TrainableTokenEmbeddingsTest {
    private static final int WIDTH = 37;
    private static final Kernels REFERENCE = Nd4jKernels.create();
    private static final Kernels CPU = CpuKernels.create(REFERENCE);

    @ParameterizedTest
    @ValueSource(strings = {"7 3 9 3 1 9 9 2", "1 2 3 4 5 6 7 8", "3 3 3 3 9 9 9 9", "9 1 1 1 1 1 1 3"})
    void kernelsMatchPlainLoops(String text) {
        int[] values =
                List.of(text.split(" ")).stream().mapToInt(Integer::parseInt).toArray();
        INDArray ids = Nd4j.createFromArray(values).reshape(2, 4);
        INDArray embeddings = Nd4j.randn(DataType.FLOAT, 8, WIDTH);
        INDArray tokenRows = Nd4j.randn(DataType.FLOAT, 2, WIDTH);
        INDArray dy = Nd4j.randn(DataType.FLOAT, 8, WIDTH);
        INDArray y = Nd4j.create(DataType.FLOAT, 8, WIDTH);
        INDArray dEmbeddings = Nd4j.create(DataType.FLOAT, 8, WIDTH);
        INDArray dTokenRows = Nd4j.zeros(DataType.FLOAT, 2, WIDTH);
        for (int r = 0; r < values.length; r++) {
            int k = values[r] == 9 ? 0 : values[r] == 3 ? 1 : -1;
            y.putRow(r, k < 0 ? embeddings.getRow(r) : tokenRows.getRow(k));
            dEmbeddings.putRow(r, k < 0 ? dy.getRow(r) : Nd4j.zeros(DataType.FLOAT, WIDTH));
            if (k >= 0) {
                dTokenRows.getRow(k).addi(dy.getRow(r));
            }
        }
        check(new TrainableTokenEmbeddings(), y, embeddings, tokenRows, ids);
        check(new TrainableTokenEmbeddings.GradEmbeddings(), dEmbeddings, dy, ids);
        check(new TrainableTokenEmbeddings.GradTokenRows(), dTokenRows, dy, tokenRows, ids);
    }

    private static void check(GraphOp operation, INDArray expected, INDArray... in) {
        operation.addIArgument(9, 3);
        for (Kernels kernels : List.of(CPU, REFERENCE)) {
            INDArray out = Nd4j.valueArrayOf(expected.shape(), Double.NaN, DataType.FLOAT);
            run(operation, kernels, List.of(in), List.of(out));
            assertThat(out.distance2(expected))
                    .as(operation.opName() + " on " + kernels)
                    .isLessThan(1e-5);
        }
    }

    private static void run(GraphOp operation, Kernels kernels, List<INDArray> in, List<INDArray> out) {
        if (operation instanceof TrainableTokenEmbeddings forward) {
            forward.compute(kernels, in, out);
        } else if (operation instanceof TrainableTokenEmbeddings.GradEmbeddings gradEmbeddings) {
            gradEmbeddings.compute(kernels, in, out);
        } else {
            ((TrainableTokenEmbeddings.GradTokenRows) operation).compute(kernels, in, out);
        }
    }

    /** The gradient of a frozen table is not computed, while the token rows still get theirs. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void tokenRowsGetGradientBesideFrozenTable(boolean frozen) {
        OpRegistry.register();
        SameDiff sd = SameDiff.create();
        INDArray table = Nd4j.randn(DataType.FLOAT, 6, WIDTH);
        SDVariable embeddings = frozen ? sd.constant("table", table) : sd.var("table", table);
        SDVariable tokenRows = sd.var("tokenRows", Nd4j.randn(DataType.FLOAT, 2, WIDTH));
        SDVariable ids = sd.constant("ids", Nd4j.createFromArray(1, 5, 4, 5));
        TrainableTokenEmbeddings.of("y", Embedding.of("embeddings", embeddings, ids), tokenRows, ids, 4, 5)
                .sum()
                .rename("total")
                .markAsLoss();
        SameDiff gradients = GraphHooks.gradientGraph(sd);
        String node = gradients.getVariable("tokenRows").gradient().name();
        INDArray gradient = gradients.output(java.util.Map.of(), node).get(node);
        assertThat(gradient.getRow(0).toFloatVector()).containsOnly(1f);
        assertThat(gradient.getRow(1).toFloatVector()).containsOnly(2f);
    }
}
