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
 * Activations made again (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost"): of a segment of the graph
 * only the input is kept, and when the gradient of its output has come its operations run a second time for the
 * gradients that read their results. The arithmetic is the same, operation by operation, so gradients are equal to the
 * last bit.
 *
 * <p>SameDiff runs what is asked for as soon as its inputs are there; so the second run reads a copy of the input, made
 * by {@link DelayedCopy}, which waits for the gradient. Nobody asks for what no gradient reads, the segment's last operation
 * among it.
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
     * A part of the graph.
     *
     * @param prefix of the names of all that is made inside
     * @param output the one result that others read
     */
    public record Segment(String prefix, String output) {}

    /**
     * Changes a gradient graph so that it makes activations again.
     *
     * @param forward the graph that was differentiated
     * @param gradients its gradient graph, which names the operations of the forward pass alike
     * @param segments whose activations are not kept; one whose output has no gradient stays as it is
     */
    public static void apply(SameDiff forward, SameDiff gradients, List<Segment> segments) {
        ActivationCheckpointing recomputation = new ActivationCheckpointing(forward, gradients);
        segments.forEach(recomputation::apply);
    }

    private void apply(Segment segment) {
        SDVariable arrived = graph.getVariable(segment.output()).gradient();
        if (arrived == null) {
            return;
        }
        Map<String, SDVariable> again = new HashMap<>();
        for (SameDiffOp op : forward) {
            String output = op.getOutputsOfOp().get(0);
            if (output.startsWith(segment.prefix())) {
                SDVariable[] inputs = op.getInputsToOp().stream()
                        .map(input -> again.computeIfAbsent(input, name -> segmentInput(name, arrived)))
                        .toArray(SDVariable[]::new);
                SDVariable[] outputs =
                        ((GraphOp) op.getOp()).copyWithInputs(inputs).addToGraph(output + ".again");
                for (int i = 0; i < outputs.length; i++) {
                    again.put(op.getOutputsOfOp().get(i), outputs[i]);
                }
            }
        }
        redirectReads(again);
    }

    /** Weights and placeholders are there all the time, activations are to be kept until the gradient has come. */
    private SDVariable segmentInput(String name, SDVariable arrived) {
        SDVariable variable = graph.getVariable(name);
        return variable.getVariableType() == VariableType.ARRAY
                ? new DelayedCopy(graph, variable, arrived).addToGraph(name + ".after." + arrived.name())[0]
                : variable;
    }

    /** Lets the gradients read other variables. */
    private void redirectReads(Map<String, SDVariable> others) {
        for (SameDiffOp op : backward) {
            List<String> inputs = List.copyOf(op.getInputsToOp());
            for (int i = 0; i < inputs.size(); i++) {
                SDVariable other = others.get(inputs.get(i));
                if (other != null) {
                    graph.replaceArgFor(i, other, op.getOp());
                }
            }
        }
    }

    /** A copy of {@code x} that is not made before another array is there. */
    public static final class DelayedCopy extends GraphOp {
        public DelayedCopy() {}

        private DelayedCopy(SameDiff sd, SDVariable x, SDVariable arrived) {
            super(sd, x, arrived);
        }

        @Override
        protected long[][] outputShapes(List<INDArray> in) {
            return new long[][] {in.get(0).shape()};
        }

        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            kernels.copy(in.get(0), out.get(0));
        }
    }
}
