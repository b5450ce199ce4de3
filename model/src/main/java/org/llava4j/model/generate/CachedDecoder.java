package org.llava4j.model.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.llava4j.model.Llava;
import org.llava4j.model.SlotRows;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.kernels.KernelChoice;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.kernels.Kernels.AttentionShape;
import org.llava4j.model.samediff.PooledMemory;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The decoder one position at a time, on the graph's own weights: the graph runs a prompt once and gives each layer's
 * keys and values, and from there on a new position costs one pass over the weights. Outside of SameDiff, whose overhead
 * an operation costs more than a row of arithmetic; what computes are the same {@link Kernels}. Texts of any length
 * begin and end between two steps. One thread at a time.
 */
final class CachedDecoder implements DecoderSteps {
    private final Llava model;
    private final LlamaConfig config;
    private final PromptRun prompts;
    private final Kernels kernels = KernelChoice.kernels();
    private final PooledMemory memory = PooledMemory.forCurrentThread();
    private DecoderWeights weights;
    private final Map<Generation, KeptSequence> kept = new IdentityHashMap<>();

    /** @param config of a decoder whose layers are their weights and nothing else ({@link Llava#plainDecoder()}) */
    CachedDecoder(Llava model, LlamaConfig config, PromptRun prompts) {
        this.model = model;
        this.config = config;
        this.prompts = prompts;
    }

    private static String keys(int layer) {
        return "layers." + layer + ".k";
    }

    private static String values(int layer) {
        return "layers." + layer + ".qkv:2";
    }

    @Override
    public INDArray begin(List<Generation> begun) {
        weights = DecoderWeights.of(model, config);
        List<String> nodes = new ArrayList<>();
        for (int layer = 0; layer < config.layers(); layer++) {
            nodes.add(keys(layer));
            nodes.add(values(layer));
        }
        PromptRun.Result result = prompts.run(begun, nodes);
        for (int row = 0; row < begun.size(); row++) {
            int length = result.layout().rowLengths()[row];
            int from = row * result.layout().sequenceLength() + result.layout().rowStarts()[row];
            KeptSequence sequence =
                    new KeptSequence(config, length + begun.get(row).maxNewTokens(), memory);
            for (int layer = 0; layer < config.layers(); layer++) {
                INDArray k = result.out().get(keys(layer));
                kernels.appendToCache(k, result.out().get(values(layer)), from, length, sequence.layer(layer));
            }
            sequence.grow(length);
            kept.put(begun.get(row), sequence);
        }
        nodes.forEach(node -> memory.release(result.out().get(node)));
        return result.out().get(PromptRun.TARGET_LOGITS);
    }

    /** Begins with so many positions of zeros, to measure what follows. */
    KeptSequence beginBlank(Generation generation, int positions) {
        weights = DecoderWeights.of(model, config);
        KeptSequence sequence = new KeptSequence(config, positions + generation.maxNewTokens(), memory);
        sequence.beginBlank(positions);
        kept.put(generation, sequence);
        return sequence;
    }

    @Override
    public void end(Generation generation) {
        KeptSequence sequence = kept.remove(generation);
        if (sequence != null) {
            sequence.release(memory);
        }
    }

    @Override
    public INDArray step(List<Generation> running) {
        List<KeptSequence> rows = running.stream().map(kept::get).toList();
        INDArray positions = Nd4j.createFromArray(
                rows.stream().mapToInt(KeptSequence::length).toArray());
        INDArray x = embedded(running.stream().mapToInt(Generation::lastToken).toArray());
        for (int layer = 0; layer < config.layers(); layer++) {
            INDArray next = layer(layer, rows, positions, x);
            memory.release(x);
            x = next;
        }
        rows.forEach(row -> row.grow(1));
        INDArray normed = norm(x, weights.norm());
        memory.release(x);
        INDArray logits = linear(normed, weights.head(), null);
        memory.release(normed);
        return logits;
    }

    private INDArray embedded(int[] tokens) {
        INDArray x = array(tokens.length, config.hiddenSize());
        kernels.embedding(Nd4j.createFromArray(tokens), weights.table(), x);
        model.imageSlot().map(SlotRows::ids).ifPresent(ids -> {
            for (int i = 0; i < tokens.length; i++) {
                for (int row = 0; row < ids.length; row++) {
                    if (tokens[i] == ids[row]) {
                        x.putRow(i, model.weight(SlotRows.NAME).getRow(row));
                    }
                }
            }
        });
        return x;
    }

    private INDArray layer(int number, List<KeptSequence> rows, INDArray positions, INDArray x) {
        DecoderWeights.Layer w = weights.layers().get(number);
        INDArray h = norm(x, w.attentionNorm());
        INDArray[] qkv = linears(h, w.q(), w.k(), w.v());
        INDArray q = rotated(qkv[0], positions);
        INDArray k = rotated(qkv[1], positions);
        INDArray v = qkv[2];
        INDArray mixed = array(rows.size(), q.size(1));
        AttentionShape shape =
                new AttentionShape(rows.size(), 1, config.heads(), config.kvHeads(), config.headDim(), true);
        kernels.decodeAttention(
                q, k, v, rows.stream().map(row -> row.layer(number)).toList(), shape, mixed);
        INDArray y = linear(mixed, w.o(), x);
        INDArray m = norm(y, w.mlpNorm());
        INDArray[] gateUp = linears(m, w.gate(), w.up());
        INDArray active = array(rows.size(), config.intermediateSize());
        kernels.swiGlu(gateUp[0], gateUp[1], active);
        INDArray out = linear(active, w.down(), y);
        for (INDArray used : List.of(h, q, k, v, mixed, y, m, gateUp[0], gateUp[1], active)) {
            memory.release(used);
        }
        return out;
    }

    private INDArray norm(INDArray x, INDArray weight) {
        INDArray y = array(x.size(0), x.size(1));
        kernels.rmsNorm(x, weight, config.rmsNormEps(), y);
        return y;
    }

    private INDArray[] linears(INDArray x, INDArray... weights) {
        INDArray[] ys = Arrays.stream(weights)
                .map(weight -> array(x.size(0), weight.size(0)))
                .toArray(INDArray[]::new);
        kernels.linears(x, weights, ys);
        return ys;
    }

    private INDArray linear(INDArray x, INDArray weight, INDArray residual) {
        INDArray y = array(x.size(0), weight.size(0));
        kernels.linear(x, weight, null, residual, y);
        return y;
    }

    private INDArray rotated(INDArray x, INDArray positions) {
        INDArray y = array(x.size(0), x.size(1));
        kernels.rope(x, positions, config.headDim(), config.ropeTheta(), config.ropeScale(), false, y);
        memory.release(x);
        return y;
    }

    private INDArray array(long... shape) {
        return memory.allocate(true, DataType.FLOAT, shape);
    }
}
