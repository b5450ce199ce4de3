package org.llava4j.model.kernels;

import org.llava4j.data.BadInputException;
import org.llava4j.model.memory.Scratch;

/** Cross-entropy loss over target tokens, one row of logits at a time. */
final class CpuLoss {
    /** Logits per task. */
    private static final int LOGITS_PER_TASK = 1 << 15;

    private final RowMath math;
    private final KernelThreadPool pool;

    CpuLoss(MathBackend backend, KernelThreadPool pool) {
        this.math = backend.rows();
        this.pool = pool;
    }

    void crossEntropy(Matrix logits, int[] targets, Matrix loss) {
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

    void crossEntropyGrad(Matrix dLoss, Matrix logits, int[] targets, Matrix dLogits) {
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
