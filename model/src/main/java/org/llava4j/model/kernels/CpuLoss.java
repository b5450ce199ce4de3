package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.Matrix.of;

import org.llava4j.data.BadInputException;
import org.llava4j.model.memory.Scratch;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Cross-entropy loss over target tokens, one row of logits at a time. */
final class CpuLoss implements LossKernels {
    /** Logits per task. */
    private static final int LOGITS_PER_TASK = 1 << 15;

    private final RowMath math;
    private final KernelThreadPool pool;
    private final LossKernels fallback;

    CpuLoss(MathBackend backend, KernelThreadPool pool, LossKernels fallback) {
        this.math = backend.rows();
        this.pool = pool;
        this.fallback = fallback;
    }

    @Override
    public void crossEntropy(INDArray logits, INDArray targets, INDArray loss) {
        if (Matrix.allReadable(logits, loss) && Matrix.isReadableInts(targets)) {
            crossEntropy(of(logits), Matrix.ints(targets), of(loss));
        } else {
            fallback.crossEntropy(logits, targets, loss);
        }
    }

    private void crossEntropy(Matrix logits, int[] targets, Matrix loss) {
        int vocabulary = logits.columns();
        check(logits, targets, loss);
        double[] losses = new double[targets.length];
        pool.parallelFor(targets.length, grain(vocabulary), (from, to) -> {
            Scratch s = Scratch.forCurrentThread();
            float[] row = s.row(0, vocabulary);
            for (int m = from; m < to; m++) {
                s.read(logits.row(m), row, vocabulary);
                float target = row[targets[m]];
                float max = math.max(row, vocabulary);
                losses[m] = Math.log(math.expShifted(row, max, vocabulary)) + max - target;
            }
        });
        double sum = 0;
        for (double one : losses) {
            sum += one;
        }
        Scratch.forCurrentThread().write(new float[] {(float) (sum / targets.length)}, loss.address(), 1);
    }

    @Override
    public void crossEntropyGrad(INDArray dLoss, INDArray logits, INDArray targets, INDArray dLogits) {
        if (Matrix.allReadable(dLoss, logits, dLogits) && Matrix.isReadableInts(targets)) {
            crossEntropyGrad(of(dLoss), of(logits), Matrix.ints(targets), of(dLogits));
        } else {
            fallback.crossEntropyGrad(dLoss, logits, targets, dLogits);
        }
    }

    private void crossEntropyGrad(Matrix dLoss, Matrix logits, int[] targets, Matrix dLogits) {
        int vocabulary = logits.columns();
        check(logits, targets, dLoss);
        dLogits.expect("dLogits", logits.rows(), vocabulary);
        float factor = dLoss.toHeap()[0] / targets.length;
        pool.parallelFor(targets.length, grain(vocabulary), (from, to) -> {
            Scratch s = Scratch.forCurrentThread();
            float[] row = s.row(0, vocabulary);
            for (int m = from; m < to; m++) {
                s.read(logits.row(m), row, vocabulary);
                float sum = math.expShifted(row, math.max(row, vocabulary), vocabulary);
                math.scale(row, factor / sum, vocabulary);
                row[targets[m]] -= factor;
                s.write(row, dLogits.row(m), vocabulary);
            }
        });
    }

    private static int grain(int vocabulary) {
        return Math.max(1, LOGITS_PER_TASK / vocabulary);
    }

    private static void check(Matrix logits, int[] targets, Matrix loss) {
        logits.expect("logits", targets.length, logits.columns());
        loss.expect("loss", 1, 1);
        for (int m = 0; m < targets.length; m++) {
            if (targets[m] < 0 || targets[m] >= logits.columns()) {
                throw new BadInputException("target token " + targets[m] + " of row " + m + " is outside 0.."
                        + (logits.columns() - 1) + "; check that the tokenizer belongs to the model");
            }
        }
    }
}
