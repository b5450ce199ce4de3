package org.llava4j.model.ops;

import java.util.Arrays;
import java.util.List;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.samediff.GraphOp;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A few ids with rows of their own: {@code y[R, D]} is {@code words[R, D]}, in which every row whose id is the k-th of
 * the few is {@code own[k]}, own of shape [K, D]; ids int32 of any shape with R entries. So two rows of an embedding
 * can learn beside a frozen table. No gradient goes back to the rows that are replaced.
 */
public final class TrainableTokenEmbeddings extends GraphOp {

    public TrainableTokenEmbeddings() {}

    private TrainableTokenEmbeddings(SameDiff sd, SDVariable words, SDVariable own, SDVariable ids, int... few) {
        super(sd, words, own, ids);
        addIArgument(few);
    }

    /** @param few the ids that {@code own} has a row for, in the order of its rows */
    public static SDVariable of(String name, SDVariable words, SDVariable own, SDVariable ids, int... few) {
        return new TrainableTokenEmbeddings(words.getSameDiff(), words, own, ids, few).addToGraph(name)[0];
    }

    @Override
    protected long[][] outputShapes(List<INDArray> in) {
        return new long[][] {in.get(0).shape()};
    }

    @Override
    protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
        TokenPositions places = TokenPositions.of(in.get(2), iArguments);
        INDArray words = in.get(0);
        if (places.isEmpty()) {
            kernels.copy(words, out.get(0));
            return;
        }
        try (INDArray rows = places.rows();
                INDArray which = places.indices();
                INDArray own = places.allocateRows(words)) {
            kernels.gatherRows(in.get(1), which, own);
            kernels.replaceRows(words, own, rows, out.get(0));
        }
    }

    @Override
    protected List<SDVariable> gradients(List<SDVariable> dys) {
        SDVariable dy = dys.get(0);
        return listOf(
                new GradEmbeddings(sameDiff, dy, arg(2), tokenIds()).addToGraph(null)[0],
                new GradTokenRows(sameDiff, dy, arg(1), arg(2), tokenIds()).addToGraph(null)[0]);
    }

    private int[] tokenIds() {
        return iArguments.stream().mapToInt(Math::toIntExact).toArray();
    }

    /** dWords from (dy, ids). */
    public static final class GradEmbeddings extends GraphOp {
        public GradEmbeddings() {}

        private GradEmbeddings(SameDiff sd, SDVariable dy, SDVariable ids, int... few) {
            super(sd, dy, ids);
            addIArgument(few);
        }

        @Override
        protected long[][] outputShapes(List<INDArray> in) {
            return new long[][] {in.get(0).shape()};
        }

        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            TokenPositions places = TokenPositions.of(in.get(1), iArguments);
            if (places.isEmpty()) {
                kernels.copy(in.get(0), out.get(0));
                return;
            }
            try (INDArray rows = places.rows()) {
                kernels.replaceRowsGradBase(in.get(0), rows, out.get(0));
            }
        }
    }

    /** dOwn[K, D] from (dy, own for its shape, ids): dy's rows summed by id. */
    public static final class GradTokenRows extends GraphOp {
        public GradTokenRows() {}

        private GradTokenRows(SameDiff sd, SDVariable dy, SDVariable own, SDVariable ids, int... few) {
            super(sd, dy, own, ids);
            addIArgument(few);
        }

        @Override
        protected long[][] outputShapes(List<INDArray> in) {
            return new long[][] {in.get(1).shape()};
        }

        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            TokenPositions places = TokenPositions.of(in.get(2), iArguments);
            if (places.isEmpty()) {
                out.get(0).assign(0);
                return;
            }
            INDArray dy = in.get(0);
            try (INDArray rows = places.rows();
                    INDArray which = places.indices();
                    INDArray taken = places.allocateRows(dy)) {
                kernels.gatherRows(dy, rows, taken);
                kernels.gatherRowsGrad(taken, which, out.get(0));
            }
        }
    }

    /**
     * Where the few ids stand.
     *
     * @param at the rows of R
     * @param index for each of them which of the few it is
     */
    @SuppressWarnings("ArrayRecordComponent") // plain numbers on their way to a kernel; never compared
    private record TokenPositions(int[] at, int[] index) {
        static TokenPositions of(INDArray ids, List<Long> few) {
            int[] all = ids.reshape(ids.length()).toIntVector();
            int[] at = new int[all.length];
            int[] index = new int[all.length];
            int count = 0;
            for (int r = 0; r < all.length; r++) {
                for (int k = 0; k < few.size(); k++) {
                    if (all[r] == few.get(k)) {
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

        /** An array for a row of each place, as wide as {@code like} and of its type. */
        INDArray allocateRows(INDArray like) {
            return Nd4j.createUninitialized(like.dataType(), at.length, like.size(1));
        }
    }
}
