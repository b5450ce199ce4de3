package org.llava4j.model.kernels;

/**
 * Compute kernels of the graph's operations, forward and backward, in families of operations. The operations in {@code
 * org.llava4j.model.ops} define shapes and gradients; kernels compute them. {@link Nd4jKernels} are the reference
 * kernels in ND4J calls, for every backend. {@link CpuKernels} are the fast kernels on OpenBLAS and the Vector API.
 *
 * <p>Every kernel reads its inputs and overwrites outputs that the caller has allocated. The old contents of outputs are
 * unspecified, because memory is pooled. Outputs never alias inputs. All arrays are dense and row-major ('c'); a positive
 * offset is allowed. Activations have rank 2, {@code float32[R, D]}, with one row per token. Gradients are named after
 * their variable: {@code dx} is the gradient of the loss with respect to {@code x}.
 *
 * <p>Dimension letters: R rows, D model width, K input width, N output width, H heads, G key/value heads, d head width,
 * B sequences, T positions of a sequence, M target tokens, V vocabulary, C channels, S image side, P patches of an
 * image, p patch side.
 *
 * @param name of the implementation, with all that affects rounding
 */
public record Kernels(
        String name,
        LinearKernels linear,
        NormKernels norms,
        RopeKernels rope,
        AttentionKernels attention,
        DecodeAttentionKernels decodeAttention,
        ActivationKernels activations,
        ElementwiseKernels elementwise,
        RowKernels rows,
        LossKernels loss,
        VisionKernels vision,
        OptimizerKernels optimizer) {

    /** These kernels with {@link LinearKernels#withoutRounding}, for training. */
    public Kernels withoutRounding() {
        return new Kernels(
                name,
                linear.withoutRounding(),
                norms,
                rope,
                attention,
                decodeAttention,
                activations,
                elementwise,
                rows,
                loss,
                vision,
                optimizer);
    }

    @Override
    public String toString() {
        return name;
    }
}
