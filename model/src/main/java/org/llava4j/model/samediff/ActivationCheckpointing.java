package org.llava4j.model.samediff;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.llava4j.model.kernels.Kernels;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Gradient checkpointing, also called activation checkpointing (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost"). Of each segment of the graph, only the input is stored. When the gradient of its output is available, the operations of the segment
 * run a second time to recompute the activations for the backward pass. The arithmetic is the same, so gradients are
 * bit-identical.
 *
 * <p>SameDiff runs a requested operation as soon as its inputs are available. The second run therefore reads a copy of
 * the segment's input made by {@link DelayedCopy}, which also depends on the gradient. Operations whose results are not needed for a gradient, such as the last one of a segment, are not recomputed.
 */
public final class ActivationCheckpointing {
    private final SameDiff graph;
    private final List<SameDiffOp> forward = new ArrayList<>();
    private final List<SameDiffOp> backward = new ArrayList<>();

    private ActivationCheckpointing(SameDiff forwardGraph, SameDiff gradients) {
        graph = gradients;
        gradients
                .getOps()
                .forEach((name, op) -> (forwardGraph.getOps().containsKey(name) ? forward : backward).add(op));
    }

    /**
     * A checkpointed part of the graph.
     *
     * @param prefix common name prefix of all variables inside
     * @param output the only result that is read outside
     */
    public record Segment(String prefix, String output) {}

    /**
     * Changes a gradient graph to recompute activations.
     *
     * @param forward the graph that was differentiated
     * @param gradients its gradient graph, in which the operations of the forward pass have the same names
     * @param segments whose activations are recomputed; a segment whose output has no gradient is left unchanged
     */
    public static void apply(SameDiff forward, SameDiff gradients, List<Segment> segments) {
        ActivationCheckpointing recomputation = new ActivationCheckpointing(forward, gradients);
        segments.forEach(recomputation::apply);
    }

    private void apply(Segment segment) {
        SDVariable gradient = graph.getVariable(segment.output()).gradient();
        if (gradient == null) {
            return;
        }
        Map<String, SDVariable> recomputed = new HashMap<>();
        for (SameDiffOp op : forward) {
            String output = op.getOutputsOfOp().get(0);
            if (output.startsWith(segment.prefix())) {
                SDVariable[] inputs = op.getInputsToOp().stream()
                        .map(input -> recomputed.computeIfAbsent(input, name -> segmentInput(name, gradient)))
                        .toArray(SDVariable[]::new);
                SDVariable[] outputs = ((GraphOp) op.getOp()).copyWithoutGraph().apply(output + ".recomputed", inputs);
                for (int i = 0; i < outputs.length; i++) {
                    recomputed.put(op.getOutputsOfOp().get(i), outputs[i]);
                }
            }
        }
        redirectReads(recomputed);
    }

    /** The input to read in the second run: weights and placeholders directly, activations through a delayed copy. */
    private SDVariable segmentInput(String name, SDVariable gradient) {
        SDVariable variable = graph.getVariable(name);
        return variable.getVariableType() == VariableType.ARRAY
                ? new DelayedCopy().apply(name + ".after." + gradient.name(), variable, gradient)[0]
                : variable;
    }

    /** Replaces the inputs of gradient operations. */
    private void redirectReads(Map<String, SDVariable> replacements) {
        for (SameDiffOp op : backward) {
            List<String> inputs = List.copyOf(op.getInputsToOp());
            for (int i = 0; i < inputs.size(); i++) {
                SDVariable replacement = replacements.get(inputs.get(i));
                if (replacement != null) {
                    graph.replaceArgFor(i, replacement, op.getOp());
                }
            }
        }
    }

    /** A copy of {@code x} that is made only after another array is available. */
    public static final class DelayedCopy extends GraphOp {
        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            kernels.elementwise().copy(in.get(0), out.get(0));
        }
    }
}
