package org.llava4j.model.kernels;

import static org.nd4j.linalg.indexing.NDArrayIndex.all;
import static org.nd4j.linalg.indexing.NDArrayIndex.interval;

import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Reference kernels of the rotary position embedding. */
final class Nd4jRope implements RopeKernels {
    @Override
    public void rotate(INDArray x, INDArray positions, Rotation rotation, INDArray y) {
        if (rotation.order() == RotaryOrder.PAIRS) {
            rotatePairs(x, positions, rotation, y);
            return;
        }
        int headDim = rotation.headDim();
        int half = headDim / 2;
        INDArray angles = Nd4j.create(x.dataType(), x.size(0), half);
        for (int i = 0; i < half; i++) {
            double frequency =
                    Math.pow(rotation.theta(), -2.0 * i / headDim) / rotation.scale() * (rotation.inverse() ? -1 : 1);
            angles.putColumn(i, positions.castTo(x.dataType()).mul(frequency));
        }
        INDArray cos = Transforms.cos(angles);
        INDArray sin = Transforms.sin(angles);
        for (long h = 0; h < x.size(1); h += headDim) {
            INDArray first = columns(x, h, half);
            INDArray second = columns(x, h + half, half);
            columns(y, h, half).assign(first.mul(cos).subi(second.mul(sin)));
            columns(y, h + half, half).assign(second.mul(cos).addi(first.mul(sin)));
        }
    }

    private void rotatePairs(INDArray x, INDArray positions, Rotation rotation, INDArray y) {
        int headDim = rotation.headDim();
        Rotation ofHalves =
                new Rotation(headDim, RotaryOrder.HALVES, rotation.theta(), rotation.scale(), rotation.inverse());
        int[] pairOf = IntStream.range(0, (int) x.size(1))
                .map(column -> {
                    int inHead = column % headDim;
                    int half = headDim / 2;
                    return column - inHead + inHead % half * 2 + inHead / half;
                })
                .toArray();
        if (!rotation.inverse()) {
            INDArray halves = x.getColumns(pairOf).dup('c');
            rotate(halves, positions, ofHalves, y);
            return;
        }
        INDArray halves = Nd4j.createUninitialized(y.dataType(), y.shape(), 'c');
        rotate(x, positions, ofHalves, halves);
        for (int column = 0; column < pairOf.length; column++) {
            y.putColumn(pairOf[column], halves.getColumn(column));
        }
    }

    private static INDArray columns(INDArray x, long from, long count) {
        return x.get(all(), interval(from, from + count));
    }
}
