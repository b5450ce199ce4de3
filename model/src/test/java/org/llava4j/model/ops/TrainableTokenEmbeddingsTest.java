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

/** The operation and both its gradients on the CPU kernels, against the portable ones and against plain loops. */
class TrainableTokenEmbeddingsTest {
    private static final int WIDTH = 37;
    private static final Kernels PORTABLE = new Nd4jKernels();
    private static final Kernels CPU = new CpuKernels(PORTABLE);

    @ParameterizedTest
    @ValueSource(strings = {"7 3 9 3 1 9 9 2", "1 2 3 4 5 6 7 8", "3 3 3 3 9 9 9 9", "9 1 1 1 1 1 1 3"})
    void bothKernelsGiveTheSame(String text) {
        int[] numbers =
                List.of(text.split(" ")).stream().mapToInt(Integer::parseInt).toArray();
        INDArray ids = Nd4j.createFromArray(numbers).reshape(2, 4);
        INDArray words = Nd4j.randn(DataType.FLOAT, 8, WIDTH);
        INDArray own = Nd4j.randn(DataType.FLOAT, 2, WIDTH);
        INDArray dy = Nd4j.randn(DataType.FLOAT, 8, WIDTH);
        INDArray y = Nd4j.create(DataType.FLOAT, 8, WIDTH);
        INDArray dWords = Nd4j.create(DataType.FLOAT, 8, WIDTH);
        INDArray dOwn = Nd4j.zeros(DataType.FLOAT, 2, WIDTH);
        for (int r = 0; r < numbers.length; r++) {
            int k = numbers[r] == 9 ? 0 : numbers[r] == 3 ? 1 : -1;
            y.putRow(r, k < 0 ? words.getRow(r) : own.getRow(k));
            dWords.putRow(r, k < 0 ? dy.getRow(r) : Nd4j.zeros(DataType.FLOAT, WIDTH));
            if (k >= 0) {
                dOwn.getRow(k).addi(dy.getRow(r));
            }
        }
        check(new TrainableTokenEmbeddings(), y, words, own, ids);
        check(new TrainableTokenEmbeddings.GradEmbeddings(), dWords, dy, ids);
        check(new TrainableTokenEmbeddings.GradTokenRows(), dOwn, dy, own, ids);
    }

    private static void check(GraphOp operation, INDArray expected, INDArray... in) {
        operation.addIArgument(9, 3);
        for (Kernels kernels : List.of(CPU, PORTABLE)) {
            INDArray out = Nd4j.valueArrayOf(expected.shape(), Double.NaN, DataType.FLOAT);
            run(operation, kernels, List.of(in), List.of(out));
            assertThat(out.distance2(expected))
                    .as(operation.opName() + " on " + kernels.getClass())
                    .isLessThan(1e-5);
        }
    }

    private static void run(GraphOp operation, Kernels kernels, List<INDArray> in, List<INDArray> out) {
        if (operation instanceof TrainableTokenEmbeddings forward) {
            forward.compute(kernels, in, out);
        } else if (operation instanceof TrainableTokenEmbeddings.GradEmbeddings toWords) {
            toWords.compute(kernels, in, out);
        } else {
            ((TrainableTokenEmbeddings.GradTokenRows) operation).compute(kernels, in, out);
        }
    }

    /** The frozen table costs nothing: its gradient is not asked for, and the few rows have theirs all the same. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void onlyTheRowsOfTheirOwnLearnBesideAFrozenTable(boolean frozen) {
        OpRegistry.register();
        SameDiff sd = SameDiff.create();
        INDArray table = Nd4j.randn(DataType.FLOAT, 6, WIDTH);
        SDVariable words = frozen ? sd.constant("table", table) : sd.var("table", table);
        SDVariable own = sd.var("own", Nd4j.randn(DataType.FLOAT, 2, WIDTH));
        SDVariable ids = sd.constant("ids", Nd4j.createFromArray(1, 5, 4, 5));
        TrainableTokenEmbeddings.of("y", Embedding.of("words", words, ids), own, ids, 4, 5)
                .sum()
                .rename("total")
                .markAsLoss();
        SameDiff gradients = GraphHooks.gradientGraph(sd);
        String node = gradients.getVariable("own").gradient().name();
        INDArray gradient = gradients.output(java.util.Map.of(), node).get(node);
        assertThat(gradient.getRow(0).toFloatVector()).containsOnly(1f);
        assertThat(gradient.getRow(1).toFloatVector()).containsOnly(2f);
    }
}
