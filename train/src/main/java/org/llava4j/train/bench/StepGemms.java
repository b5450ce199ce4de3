package org.llava4j.train.bench;

import java.util.ArrayList;
import java.util.List;
import org.llava4j.model.config.ClipConfig;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.kernels.GemmBaseline.Layout;
import org.llava4j.model.kernels.GemmBaseline.Product;

/**
 * The matrix products of a step with their exact shapes. Forward: all rows, but only target tokens at the LM head.
 * Backward: input gradients down to the projector, and weight gradients of trainable weights. Attention counts the
 * products of each head, causal ones up to the diagonal in blocks of rows, and assumes in the backward pass that the
 * probabilities are stored.
 */
final class StepGemms {
    /** Rows of a causal block: entries above the diagonal within a block are computed, those beyond it are not. */
    private static final int BLOCK = 96;

    private final List<Product> products = new ArrayList<>();
    private final BenchSize size;
    private final BenchCase benchCase;
    private final int batch;

    private StepGemms(BenchSize size, BenchCase benchCase, int batch) {
        this.size = size;
        this.benchCase = benchCase;
        this.batch = batch;
    }

    static List<Product> of(BenchSize size, BenchCase benchCase, int batch) {
        StepGemms step = new StepGemms(size, benchCase, batch);
        if (benchCase.pixels()) {
            step.tower(size.config().vision());
        }
        step.projector();
        step.decoder(size.config().decoder());
        return step.products;
    }

    private void tower(ClipConfig vision) {
        int width = vision.hiddenSize();
        int patches = batch * vision.patches();
        int length = vision.patches() + 1;
        int rows = batch * length;
        add(Layout.A_BT, patches, width, 3 * vision.patchSizePx() * vision.patchSizePx(), 1);
        // The last layer comes after the selected feature layer and is not computed.
        for (int layer = 0; layer < vision.layers() - 1; layer++) {
            add(Layout.A_BT, rows, width, width, 4);
            add(Layout.A_BT, rows, vision.intermediateSize(), width, 1);
            add(Layout.A_BT, rows, width, vision.intermediateSize(), 1);
            int headDim = width / vision.heads();
            heads(Layout.A_BT, length, length, headDim, vision.heads());
            heads(Layout.A_B, length, headDim, length, vision.heads());
        }
    }

    private void projector() {
        int rows = batch * size.config().numImageTokens();
        int in = size.config().vision().hiddenSize();
        int out = size.config().decoder().hiddenSize();
        add(Layout.A_BT, rows, out, in, 1);
        if (benchCase.trains()) {
            add(Layout.AT_B, out, in, rows, 1);
        }
    }

    private void decoder(LlamaConfig llama) {
        int rows = batch * size.length();
        int width = llama.hiddenSize();
        int headDim = width / llama.heads();
        int kv = llama.kvHeads() * headDim;
        for (int layer = 0; layer < llama.layers(); layer++) {
            linear(rows, width, width, 2);
            linear(rows, kv, width, 2);
            linear(rows, llama.intermediateSize(), width, 2);
            linear(rows, width, llama.intermediateSize(), 1);
            attention(llama.heads(), headDim);
        }
        linear(batch * size.targetTokens(), llama.vocabSize(), width, 1);
    }

    private void attention(int heads, int headDim) {
        for (int row = 0; row < size.length(); row += BLOCK) {
            int rows = Math.min(BLOCK, size.length() - row);
            int keys = row + rows;
            heads(Layout.A_BT, rows, keys, headDim, heads);
            heads(Layout.A_B, rows, headDim, keys, heads);
            if (benchCase.trains()) {
                heads(Layout.AT_B, keys, headDim, rows, heads);
                heads(Layout.A_BT, rows, keys, headDim, heads);
                heads(Layout.A_B, rows, headDim, keys, heads);
                heads(Layout.AT_B, keys, headDim, rows, heads);
            }
        }
    }

    /** A linear layer [outputs, inputs] of the decoder, with the gradients of the case. */
    private void linear(int rows, int outputs, int inputs, int count) {
        add(Layout.A_BT, rows, outputs, inputs, count);
        if (benchCase.trains()) {
            add(Layout.A_B, rows, inputs, outputs, count);
        }
        if (benchCase.trainsDecoder()) {
            add(Layout.AT_B, outputs, inputs, rows, count);
        }
    }

    private void add(Layout layout, int m, int n, int k, int count) {
        products.add(new Product(layout, m, n, k, count, false));
    }

    private void heads(Layout layout, int m, int n, int k, int heads) {
        products.add(new Product(layout, m, n, k, batch * heads, true));
    }
}
