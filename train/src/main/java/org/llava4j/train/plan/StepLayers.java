package org.llava4j.train.plan;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Layers of {@code org.llava4j.model.ops} recorded on a {@link Tape}: the arrays that each layer reads, creates and
 * keeps for the backward pass.
 */
final class StepLayers {
    private final Tape tape;

    StepLayers(Tape tape) {
        this.tape = tape;
    }

    /**
     * Weight [N, K] of a linear layer.
     *
     * @param name without {@code .weight} or {@code .bias}
     */
    record Matrix(String name, long outputs, long inputs, boolean bias) {}

    /**
     * y_i[R, N_i] = x[R, K] W_i^T (+ b_i) (+ residual). The gradients of x and residual need no array of the forward
     * pass; that of W_i needs x.
     */
    List<StepArray> linear(StepArray x, @Nullable StepArray residual, Matrix... weights) {
        List<StepArray> ys = new ArrayList<>();
        for (Matrix weight : weights) {
            ys.add(new StepArray(x.rows(), weight.outputs));
        }
        if (residual == null) {
            tape.run(ys, x);
        } else {
            tape.run(ys, x, residual);
        }
        tape.onBackward(() -> {
            StepArray[] dys = ys.stream().map(tape::gradient).toArray(StepArray[]::new);
            StepArray dx = tape.run(Tape.like(x), dys);
            List<Runnable> sums = new ArrayList<>();
            sums.add(() -> tape.addGradient(x, dx));
            for (int i = 0; i < dys.length; i++) {
                Matrix weight = weights[i];
                StepArray dw = tape.run(new StepArray(weight.outputs, weight.inputs), dys[i], x);
                sums.add(() -> tape.addGradient(weight.name + ".weight", dw));
            }
            for (int i = 0; i < dys.length && weights[i].bias; i++) {
                String name = weights[i].name + ".bias";
                StepArray db = tape.run(new StepArray(weights[i].outputs), dys[i]);
                sums.add(() -> tape.addGradient(name, db));
            }
            if (residual != null) {
                StepArray copy = tape.run(Tape.like(dys[0]), dys[0]);
                sums.add(() -> tape.addGradient(residual, copy));
            }
            sums.forEach(Runnable::run);
        });
        return ys;
    }

    StepArray linear(StepArray x, Matrix weight) {
        return linear(x, null, weight).get(0);
    }

    /** Norm of rows [R, D]; its gradients need x. */
    StepArray norm(String name, StepArray x) {
        StepArray y = tape.run(Tape.like(x), x);
        tape.onBackward(() -> {
            StepArray dy = tape.gradient(y);
            StepArray dx = tape.run(Tape.like(x), dy, x);
            StepArray dw = tape.run(new StepArray(x.shape().get(1)), dy, x);
            tape.addGradient(x, dx);
            tape.addGradient(name + ".weight", dw);
        });
        return y;
    }

    /** Element-wise activation function whose gradient needs the inputs: SwiGLU of two inputs, GELU of one. */
    StepArray activation(StepArray... inputs) {
        StepArray y = tape.run(Tape.like(inputs[0]), inputs);
        tape.onBackward(() -> gradientsOf(y, inputs));
        return y;
    }

    /** Adds one operation that computes the gradients of all inputs from dy and the inputs. */
    private void gradientsOf(StepArray y, StepArray... inputs) {
        List<StepArray> reads = new ArrayList<>(List.of(inputs));
        reads.add(tape.gradient(y));
        List<StepArray> dxs = List.of(inputs).stream().map(Tape::like).toList();
        tape.run(dxs, reads.toArray(new StepArray[0]));
        for (int i = 0; i < inputs.length; i++) {
            tape.addGradient(inputs[i], dxs.get(i));
        }
    }

    /**
     * Operation whose gradient is an operation of the same kind on dy and needs no other array: RoPE, scaling, dropout.
     */
    StepArray withAdjointGradient(StepArray x) {
        StepArray y = tape.run(Tape.like(x), x);
        tape.onBackward(() -> tape.addGradient(x, tape.run(Tape.like(x), tape.gradient(y))));
        return y;
    }

    /** Attention. It keeps q, k and v and recomputes its probabilities in blocks, so that no array has size T x T. */
    StepArray attention(StepArray q, StepArray k, StepArray v) {
        StepArray y = tape.run(Tape.like(q), q, k, v);
        tape.onBackward(() -> gradientsOf(y, q, k, v));
        return y;
    }

    /** Embedding lookup of {@code rows} rows; its gradient is as large as the table. */
    StepArray embedding(String weight, long rows, long vocabulary, long width) {
        StepArray y = tape.run(new StepArray(rows, width));
        tape.onBackward(() -> tape.addGradient(weight, tape.run(new StepArray(vocabulary, width), tape.gradient(y))));
        return y;
    }

    /** Embeddings with some rows replaced by those of a small trainable table of {@code count} rows. */
    StepArray trainableTokenEmbeddings(String weight, StepArray embeddings, long count) {
        StepArray y = tape.run(Tape.like(embeddings), embeddings);
        tape.onBackward(() -> {
            StepArray dy = tape.gradient(y);
            StepArray dEmbeddings = tape.run(Tape.like(embeddings), dy);
            StepArray dTokenRows =
                    tape.run(new StepArray(count, embeddings.shape().get(1)), dy);
            tape.addGradient(embeddings, dEmbeddings);
            tape.addGradient(weight, dTokenRows);
        });
        return y;
    }

    /** Token embeddings with image features merged in. */
    StepArray mergeImageFeatures(StepArray text, StepArray images) {
        StepArray y = tape.run(Tape.like(text), text, images);
        tape.onBackward(() -> {
            StepArray dy = tape.gradient(y);
            StepArray dText = tape.run(Tape.like(text), dy);
            StepArray dImages = tape.run(Tape.like(images), dy);
            tape.addGradient(text, dText);
            tape.addGradient(images, dImages);
        });
        return y;
    }

    /** Gather of {@code rows} rows of x; its gradient reads x for its shape. */
    StepArray gather(StepArray x, long rows) {
        StepArray y = tape.run(new StepArray(rows, x.shape().get(1)), x);
        tape.onBackward(() -> tape.addGradient(x, tape.run(Tape.like(x), tape.gradient(y), x)));
        return y;
    }

    /** Mean cross-entropy of logits, float32[1]; its gradient needs the logits. */
    StepArray loss(StepArray logits) {
        StepArray y = tape.run(new StepArray(1), logits);
        tape.onBackward(() -> tape.addGradient(logits, tape.run(Tape.like(logits), logits)));
        return y;
    }

    /** A segment with gradient checkpointing, see {@link org.llava4j.model.samediff.ActivationCheckpointing}. */
    StepArray checkpointed(Supplier<StepArray> segment) {
        return tape.checkpointed(segment);
    }

    /** An operation without a gradient, such as those of the vision tower. */
    StepArray withoutGradient(StepArray result, StepArray... inputs) {
        return tape.run(result, inputs);
    }

    /** Several arrays of the shape of one input, without gradients. */
    List<StepArray> withoutGradient(int count, StepArray x) {
        List<StepArray> ys = new ArrayList<>(Collections.nCopies(count, x));
        ys.replaceAll(Tape::like);
        tape.run(ys, x);
        return ys;
    }
}
