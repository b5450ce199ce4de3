package org.llava4j.model;

import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.kernels.ActivationKernels.Activation;
import org.llava4j.model.ops.ActivationOp;
import org.llava4j.model.ops.Linear;
import org.nd4j.autodiff.samediff.SDVariable;

/**
 * Multimodal projector from image features to the decoder's embedding space:
 * {@code float32[N*P, Dv] -> float32[N*P, D]}. {@code linear} is one linear layer with a bias (Liu et al. 2023, section
 * 4.1); {@code mlp2x_gelu} of LLaVA-1.5 is Linear, exact GELU, Linear.
 */
final class Projector {

    private Projector() {}

    static SDVariable build(
            ProjectorType type, WeightScope weights, SDVariable features, int featureSize, int hiddenSize) {
        WeightScope w = weights.child("model.mm_projector.");
        return switch (type) {
            case LINEAR ->
                Linear.of(
                        "projected", features, w.matrix("weight", hiddenSize, featureSize), w.get("bias", hiddenSize));
            case MLP2X_GELU -> {
                SDVariable first = Linear.of(
                        "projector.first",
                        features,
                        w.matrix("0.weight", hiddenSize, featureSize),
                        w.get("0.bias", hiddenSize));
                SDVariable active = ActivationOp.of(Activation.GELU, "projector.gelu", first);
                yield Linear.of(
                        "projected", active, w.matrix("2.weight", hiddenSize, hiddenSize), w.get("2.bias", hiddenSize));
            }
        };
    }
}
