package org.llava4j.train.plan;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;

/** The layers that {@code org.llava4j.model.ops} has, on a {@link Tape}: what each reads, makes and keeps for later. */
final class StepLayers {
    private final Tape tape;

    StepLayers(Tape tape) {
        this.tape = tape;
    }

    /**
     * The weight [N, K] of a linear layer.
     *
     * @param name without {@code .weight} or {@code .bias}
     */
    record Matrix(String name, long outputs, long inputs, boolean bias) {}

    /**
     * y_i[R, N_i] = x[R, K] W_i^T (+ b_i) (+ residual). The gradients of x and residual need no array of the forward
     * pass; that of W_i keeps x.
     */
    List<StepArray> linear(StepArray x, StepArray residual, Matrix... weights) {
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

    /** Of rows [R, D]; its gradients keep x. */
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

    /** Element by element, with a gradient that keeps the inputs: SwiGLU of two, GELU of one. */
    StepArray activation(StepArray... inputs) {
        StepArray y = tape.run(Tape.like(inputs[0]), inputs);
        tape.onBackward(() -> gradientsOf(y, inputs));
        return y;
    }

    /** One operation makes the gradients of all inputs from that of y and the inputs. */
    private void gradientsOf(StepArray y, StepArray... inputs) {
        List<StepArray> reads = new ArrayList<>(List.of(inputs));
        reads.add(tape.gradient(y));
        List<StepArray> dxs = List.of(inputs).stream().map(Tape::like).toList();
        tape.run(dxs, reads.toArray(new StepArray[0]));
        for (int i = 0; i < inputs.length; i++) {
            tape.addGradient(inputs[i], dxs.get(i));
        }
    }

    /** Its gradient is the like and keeps nothing: RoPE, scaling, dropout. */
    StepArray withAdjointGradient(StepArray x) {
        StepArray y = tape.run(Tape.like(x), x);
        tape.onBackward(() -> tape.addGradient(x, tape.run(Tape.like(x), tape.gradient(y))));
        return y;
    }

    /** Keeps q, k and v and computes its probabilities again, so that nothing of size T x T is an array. */
    StepArray attention(StepArray q, StepArray k, StepArray v) {
        StepArray y = tape.run(Tape.like(q), q, k, v);
        tape.onBackward(() -> gradientsOf(y, q, k, v));
        return y;
    }

    /** {@code rows} rows of a table; its gradient is as large as the table. */
    StepArray embedding(String weight, long rows, long vocabulary, long width) {
        StepArray y = tape.run(new StepArray(rows, width));
        tape.onBackward(() -> tape.addGradient(weight, tape.run(new StepArray(vocabulary, width), tape.gradient(y))));
        return y;
    }

    /** Words with some rows from another small table of {@code count} rows. */
    StepArray trainableTokenEmbeddings(String weight, StepArray words, long count) {
        StepArray y = tape.run(Tape.like(words), words);
        tape.onBackward(() -> {
            StepArray dy = tape.gradient(y);
            StepArray dWords = tape.run(Tape.like(words), dy);
            StepArray dOwn = tape.run(new StepArray(count, words.shape().get(1)), dy);
            tape.addGradient(words, dWords);
            tape.addGradient(weight, dOwn);
        });
        return y;
    }

    /** Text with image vectors in it. */
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

    /** {@code rows} rows of x; its gradient reads x for its shape. */
    StepArray gather(StepArray x, long rows) {
        StepArray y = tape.run(new StepArray(rows, x.shape().get(1)), x);
        tape.onBackward(() -> tape.addGradient(x, tape.run(Tape.like(x), tape.gradient(y), x)));
        return y;
    }

    /** The mean over rows of logits, float32[1]; its gradient keeps the logits. */
    StepArray loss(StepArray logits) {
        StepArray y = tape.run(new StepArray(1), logits);
        tape.onBackward(() -> tape.addGradient(logits, tape.run(Tape.like(logits), logits)));
        return y;
    }

    /** A part of which only the input is kept, see {@link org.llava4j.model.samediff.ActivationCheckpointing}. */
    StepArray checkpointed(Supplier<StepArray> part) {
        return tape.checkpointed(part);
    }

    /** Anything without a gradient: the tower's own operations. */
    StepArray withoutGradient(StepArray result, StepArray... inputs) {
        return tape.run(result, inputs);
    }

    /** Several arrays of one shape from one input, without gradients. */
    List<StepArray> withoutGradient(int count, StepArray x) {
        List<StepArray> ys = new ArrayList<>(Collections.nCopies(count, x));
        ys.replaceAll(Tape::like);
        tape.run(ys, x);
        return ys;
    }
}
