package org.llava4j.model.generate;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.llava4j.model.Llava;
import org.llava4j.model.ops.Attention;
import org.llava4j.model.ops.MergeImageFeatures;
import org.llava4j.model.samediff.GraphOp;
import org.llava4j.model.samediff.GraphProgram;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The parts of a model's graph that prefill a prompt in chunks. */
final class PromptPrograms {
    /** Node of the embeddings of all tokens, {@code float32[B*T, D]}, after image tokens were merged. */
    static final String EMBEDDINGS = "inputs_embeds";

    private final Llava model;
    private final PromptForwardPass forward;
    private final CachedAttention attention;
    private final GraphProgram textEmbeddings;
    private final GraphProgram imageEmbeddings;

    /** From embeddings to the last layer's keys and values. */
    private final GraphProgram cached;

    /** From embeddings to the logits of one token. */
    private final GraphProgram logits;

    PromptPrograms(Llava model, PromptForwardPass forward, CachedAttention attention) {
        this.model = model;
        this.forward = forward;
        this.attention = attention;
        SameDiff graph = model.graph();
        Attention last = attention.layers().get(attention.layers().size() - 1);
        textEmbeddings = new GraphProgram(graph, EMBEDDINGS, withoutImages(model));
        imageEmbeddings = new GraphProgram(graph, EMBEDDINGS, Map.of());
        cached = new GraphProgram(graph, outputOf(last, graph), Map.of(), Set.of(EMBEDDINGS));
        logits = new GraphProgram(graph, PromptForwardPass.TARGET_LOGITS, Map.of(), Set.of(EMBEDDINGS));
    }

    /** Replacements of a {@link GraphProgram} without images: text embeddings in place of the merged ones. */
    static Map<String, String> withoutImages(Llava model) {
        Map<String, String> textInsteadOfMerged = new HashMap<>();
        model.graph().getOps().forEach((name, op) -> {
            if (op.getOp() instanceof MergeImageFeatures merge) {
                textInsteadOfMerged.put(op.getOutputsOfOp().get(0), merge.text().name());
            }
        });
        return textInsteadOfMerged;
    }

    private static String outputOf(GraphOp operation, SameDiff graph) {
        return graph.getOps().values().stream()
                .filter(op -> op.getOp() == operation)
                .map(SameDiffOp::getOutputsOfOp)
                .findFirst()
                .orElseThrow()
                .get(0);
    }

    /** Looks up the weight arrays, which training may have replaced. */
    void refreshWeights() {
        textEmbeddings.refreshWeights();
        imageEmbeddings.refreshWeights();
        cached.refreshWeights();
        logits.refreshWeights();
    }

    /** {@link PromptCollator#prepare}. */
    boolean prepareImages(Prompt prompt, BooleanSupplier pause) {
        return prompt.images().isEmpty() || forward.prepareImages(prompt, pause);
    }

    /** Embeddings of a prompt's tokens, {@code float32[T, D]}, which belong to the caller. */
    INDArray embed(Prompt prompt) {
        GraphProgram program = prompt.images().isEmpty() ? textEmbeddings : imageEmbeddings;
        return program.run(model.withoutDropout(forward.inputs(prompt)), (op, in, out) -> false);
    }

    /**
     * Runs the layers over the next tokens of a sequence and appends to its KV cache, without advancing it.
     *
     * @param last whether the result is the logits of the last token, {@code float32[1, V]}; otherwise it is not used
     * @param in the tokens' {@link #EMBEDDINGS} and positions
     * @param count number of tokens
     * @return an array that belongs to the caller
     */
    INDArray run(boolean last, Map<String, INDArray> in, KvCache cache, int count) {
        return (last ? logits : cached).run(model.withoutDropout(in), attention.prefill(cache, count));
    }
}
