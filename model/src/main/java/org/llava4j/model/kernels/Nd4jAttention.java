package org.llava4j.model.kernels;

import static org.nd4j.linalg.indexing.NDArrayIndex.all;
import static org.nd4j.linalg.indexing.NDArrayIndex.interval;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Reference kernels of attention: one matrix product per sequence and head. */
final class Nd4jAttention implements AttentionKernels, DecodeAttentionKernels {

    @Override
    public void forward(QueryKeyValue in, @Nullable INDArray starts, AttentionShape shape, INDArray y) {
        y.assign(0);
        forEachHead(starts, shape, (rows, head, kvHead) -> {
            INDArray p = probabilities(block(in.q(), rows, head), block(in.k(), rows, kvHead), shape);
            block(y, rows, head).assign(p.mmul(block(in.v(), rows, kvHead).dup('c')));
        });
    }

    @Override
    public void gradient(
            INDArray dy, QueryKeyValue in, @Nullable INDArray starts, AttentionShape shape, QueryKeyValue gradients) {
        gradients.q().assign(0);
        gradients.k().assign(0);
        gradients.v().assign(0);
        double scale = 1.0 / Math.sqrt(shape.headDim());
        forEachHead(starts, shape, (rows, head, kvHead) -> {
            INDArray qh = block(in.q(), rows, head).dup('c');
            INDArray kh = block(in.k(), rows, kvHead).dup('c');
            INDArray vh = block(in.v(), rows, kvHead).dup('c');
            INDArray dyh = block(dy, rows, head).dup('c');
            INDArray p = probabilities(qh, kh, shape);
            block(gradients.v(), rows, kvHead).addi(p.transpose().mmul(dyh));
            INDArray dp = dyh.mmul(vh.transpose());
            INDArray dot = Nd4jNorms.column(dp.mul(p).sum(1));
            INDArray ds = dp.subiColumnVector(dot).muli(p).muli(scale);
            block(gradients.q(), rows, head).assign(ds.mmul(kh));
            block(gradients.k(), rows, kvHead).addi(ds.transpose().mmul(qh));
        });
    }

    @Override
    public void append(INDArray k, INDArray v, int from, int count, LayerKvCache cache) {
        int d = (int) cache.keys().size(2);
        Rows rows = new Rows(from, (long) from + count);
        for (int g = 0; g < cache.keys().size(0); g++) {
            Columns head = new Columns((long) g * d, (g + 1L) * d);
            cacheBlock(cache.keys(), g, cache.length(), count).assign(block(k, rows, head));
            cacheBlock(cache.values(), g, cache.length(), count).assign(block(v, rows, head));
        }
    }

    private static INDArray cacheBlock(INDArray cached, int head, int from, int count) {
        return cached.slice(head).get(interval(from, from + count), all());
    }

    @Override
    public void decode(
            INDArray q, INDArray k, INDArray v, List<LayerKvCache> caches, AttentionShape shape, INDArray y) {
        for (int r = 0; r < caches.size(); r++) {
            append(k, v, r, 1, caches.get(r));
            attendToCache(q, r, caches.get(r), caches.get(r).length() + 1, shape, y);
        }
    }

    @Override
    public void prefill(INDArray q, INDArray k, INDArray v, LayerKvCache cache, AttentionShape shape, INDArray y) {
        append(k, v, 0, shape.length(), cache);
        for (int r = 0; r < shape.length(); r++) {
            attendToCache(q, r, cache, cache.length() + r + 1, shape, y);
        }
    }

    /** Lets a row of q attend to the first {@code length} positions of a cache. */
    private static void attendToCache(
            INDArray q, int row, LayerKvCache cache, int length, AttentionShape shape, INDArray y) {
        AttentionShape one = new AttentionShape(1, 1, shape.heads(), shape.kvHeads(), shape.headDim(), false);
        INDArray query = q.getRow(row).reshape(1, -1).dup('c');
        INDArray output = y.getRow(row).reshape(1, -1).dup('c');
        forEachHead(null, one, (rows, head, kvHead) -> {
            int g = (int) (kvHead.from() / shape.headDim());
            INDArray keys = cacheBlock(cache.keys(), g, 0, length);
            INDArray values = cacheBlock(cache.values(), g, 0, length);
            INDArray p = probabilities(block(query, rows, head), keys, one);
            block(output, rows, head).assign(p.mmul(values.dup('c')));
        });
        y.putRow(row, output);
    }

    private interface HeadWork {
        void run(Rows rows, Columns head, Columns kvHead);
    }

    private record Rows(long from, long to) {}

    private record Columns(long from, long to) {}

    private static void forEachHead(@Nullable INDArray starts, AttentionShape shape, HeadWork work) {
        int d = shape.headDim();
        int group = shape.heads() / shape.kvHeads();
        SequenceRows sequences = SequenceRows.of(starts, shape);
        for (int s = 0; s < sequences.count(); s++) {
            Rows rows = new Rows(sequences.from()[s], sequences.to()[s]);
            for (int h = 0; h < shape.heads() && rows.from() < rows.to(); h++) {
                long kv = h / group;
                work.run(rows, new Columns((long) h * d, (h + 1L) * d), new Columns(kv * d, (kv + 1) * d));
            }
        }
    }

    private static INDArray block(INDArray x, Rows rows, Columns columns) {
        return x.get(interval(rows.from(), rows.to()), interval(columns.from(), columns.to()));
    }

    private static INDArray probabilities(INDArray q, INDArray k, AttentionShape shape) {
        INDArray scores = q.dup('c').mmul(k.dup('c').transpose()).dup('c').divi(Math.sqrt(shape.headDim()));
        if (shape.causal()) {
            long n = scores.rows();
            INDArray row = Nd4j.arange(n).castTo(scores.dataType()).reshape(n, 1);
            INDArray later = row.broadcast(n, n).lt(row.transpose().broadcast(n, n));
            scores.addi(later.castTo(scores.dataType()).muli(-1e30));
        }
        scores.subiColumnVector(Nd4jNorms.column(scores.max(1)));
        Transforms.exp(scores, false);
        return scores.diviColumnVector(Nd4jNorms.column(scores.sum(1)));
    }
}
