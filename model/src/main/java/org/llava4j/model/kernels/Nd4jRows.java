package org.llava4j.model.kernels;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Reference kernels of moved rows. */
final class Nd4jRows implements RowKernels {
    @Override
    public void embedding(INDArray ids, INDArray table, INDArray y) {
        if (Nd4jLowPrecision.isLowPrecision(table)) {
            Nd4jLowPrecision.gather(table, ints(ids), y);
        } else {
            gatherRows(table, ids, y);
        }
    }

    @Override
    public void embeddingGrad(INDArray dy, INDArray ids, INDArray dTable) {
        gatherRowsGrad(dy, ids, dTable);
    }

    @Override
    public void replaceRows(INDArray base, INDArray replacement, INDArray rows, INDArray y) {
        y.assign(base);
        int[] to = ints(rows);
        for (int i = 0; i < to.length; i++) {
            if (to[i] >= 0) {
                y.putRow(to[i], replacement.getRow(i));
            }
        }
    }

    @Override
    public void replaceRowsGradBase(INDArray dy, INDArray rows, INDArray dBase) {
        dBase.assign(dy);
        for (int row : ints(rows)) {
            if (row >= 0) {
                dBase.getRow(row).assign(0);
            }
        }
    }

    @Override
    public void replaceRowsGradReplacement(INDArray dy, INDArray rows, INDArray dReplacement) {
        dReplacement.assign(0);
        int[] from = ints(rows);
        for (int i = 0; i < from.length; i++) {
            if (from[i] >= 0) {
                dReplacement.putRow(i, dy.getRow(from[i]));
            }
        }
    }

    @Override
    public void gatherRows(INDArray x, INDArray rows, INDArray y) {
        int[] from = ints(rows);
        for (int i = 0; i < from.length; i++) {
            y.putRow(i, x.getRow(from[i]));
        }
    }

    @Override
    public void gatherRowsGrad(INDArray dy, INDArray rows, INDArray dx) {
        dx.assign(0);
        int[] to = ints(rows);
        for (int i = 0; i < to.length; i++) {
            dx.getRow(to[i]).addi(dy.getRow(i));
        }
    }

    private static int[] ints(INDArray rows) {
        return rows.reshape(rows.length()).toIntVector();
    }
}
