package org.llava4j.model.ops;

import java.util.Arrays;
import java.util.List;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.samediff.GraphOp;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Trainable embeddings for a few token ids beside a frozen embedding table (as PEFT's trainable tokens): {@code y[R,
 * D]} is {@code embeddings[R, D]}, with every row whose id is {@code tokenIds[k]} replaced by {@code tokenRows[k]}.
 * tokenRows has shape [K, D]; ids is int32 of any shape with R entries. Replaced rows of {@code embeddings} get no
 * gradient.
 */
public final class TrainableTokenEmbeddings extends GraphOp {

    /**
     * Adds the operation to the graph of {@code embeddings}.
     *
     * @param tokenIds the ids that {@code tokenRows} has a row for, in the order of its rows
     */
    public static SDVariable of(
            String name, SDVariable embeddings, SDVariable tokenRows, SDVariable ids, int... tokenIds) {
        return new TrainableTokenEmbeddings()
                .ints(Arrays.stream(tokenIds).asLongStream().toArray())
                .apply(name, embeddings, tokenRows, ids)[0];
    }

    @Override
    protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
        TokenPositions positions = TokenPositions.of(in.get(2), iArguments);
        INDArray embeddings = in.get(0);
        if (positions.isEmpty()) {
            kernels.elementwise().copy(embeddings, out.get(0));
            return;
        }
        try (INDArray rows = positions.rows();
                INDArray indices = positions.indices();
                INDArray tokenRows = positions.allocateRows(embeddings)) {
            kernels.rows().gatherRows(in.get(1), indices, tokenRows);
            kernels.rows().replaceRows(embeddings, tokenRows, rows, out.get(0));
        }
    }

    @Override
    protected List<SDVariable> gradients(List<SDVariable> dys) {
        SDVariable dy = dys.get(0);
        return listOf(
                new GradEmbeddings().argumentsOf(this).apply(dy, arg(2))[0],
                new GradTokenRows().argumentsOf(this).apply(dy, arg(1), arg(2))[0]);
    }

    /** Gradient: dEmbeddings from (dy, ids). */
    public static final class GradEmbeddings extends GraphOp {
        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            TokenPositions positions = TokenPositions.of(in.get(1), iArguments);
            if (positions.isEmpty()) {
                kernels.elementwise().copy(in.get(0), out.get(0));
                return;
            }
            try (INDArray rows = positions.rows()) {
                kernels.rows().replaceRowsGradBase(in.get(0), rows, out.get(0));
            }
        }
    }

    /** Gradient: dTokenRows[K, D] from (dy, tokenRows, ids): rows of dy summed by id; tokenRows gives the shape. */
    public static final class GradTokenRows extends InputGradient {
        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            TokenPositions positions = TokenPositions.of(in.get(2), iArguments);
            if (positions.isEmpty()) {
                out.get(0).assign(0);
                return;
            }
            INDArray dy = in.get(0);
            try (INDArray rows = positions.rows();
                    INDArray indices = positions.indices();
                    INDArray taken = positions.allocateRows(dy)) {
                kernels.rows().gatherRows(dy, rows, taken);
                kernels.rows().gatherRowsGrad(taken, indices, out.get(0));
            }
        }
    }

    /**
     * Occurrences of the trainable token ids.
     *
     * @param at rows of R that hold one of the ids
     * @param index for each of these rows, the index of its id in {@code tokenIds}
     */
    @SuppressWarnings("ArrayRecordComponent") // plain arguments of a kernel; never compared
    private record TokenPositions(int[] at, int[] index) {
        static TokenPositions of(INDArray ids, List<Long> tokenIds) {
            int[] all = ids.reshape(ids.length()).toIntVector();
            int[] at = new int[all.length];
            int[] index = new int[all.length];
            int count = 0;
            for (int r = 0; r < all.length; r++) {
                for (int k = 0; k < tokenIds.size(); k++) {
                    if (all[r] == tokenIds.get(k)) {
                        at[count] = r;
                        index[count++] = k;
                    }
                }
            }
            return new TokenPositions(Arrays.copyOf(at, count), Arrays.copyOf(index, count));
        }

        boolean isEmpty() {
            return at.length == 0;
        }

        INDArray rows() {
            return Nd4j.createFromArray(at);
        }

        INDArray indices() {
            return Nd4j.createFromArray(index);
        }

        /** Allocates one row per occurrence, as wide as {@code like} and of its type. */
        INDArray allocateRows(INDArray like) {
            return Nd4j.createUninitialized(like.dataType(), at.length, like.size(1));
        }
    }
}
