package org.llava4j.model.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.model.Llava;
import org.llava4j.model.Placeholders;
import org.llava4j.model.memory.ArrayScope;
import org.llava4j.model.memory.NativeArray;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Forward pass of whole sequences through the graph, with logits of the last token of each sequence only. */
final class PromptForwardPass {
    static final String TARGET_LOGITS = "target_logits";

    private final Llava model;
    private final CollatorOptions options;
    private final PromptCollator collator;

    PromptForwardPass(Llava model, CollatorOptions options, PromptCollator collator) {
        this.model = model;
        this.options = options;
        this.collator = collator;
    }

    /**
     * Outputs of a forward pass.
     *
     * @param layout token layout of the batch
     * @param outputs {@link #TARGET_LOGITS} {@code float32[B, V]} and the additional nodes, by name; of the scope
     */
    record Result(BatchLayout layout, Map<String, INDArray> outputs) {
        /** A node's array. */
        INDArray output(String node) {
            return Objects.requireNonNull(outputs.get(node), node);
        }

        /** Copies the logits to the heap, one row per sequence. */
        List<float[]> logits() {
            return NativeArray.rows(output(TARGET_LOGITS), layout.batchSize());
        }
    }

    /**
     * Runs the graph.
     *
     * @param more names of nodes to return in addition to the logits
     * @param scope owns the outputs
     */
    Result run(List<Generation> rows, List<String> more, ArrayScope scope) {
        List<EncodedSample> samples =
                rows.stream().map(row -> withoutLabels(row.ids())).toList();
        List<Prompt> prompts = rows.stream().map(Generation::prompt).toList();
        int[] images = prompts.stream().mapToInt(p -> p.images().size()).toArray();
        BatchLayout layout = BatchLayout.collate(samples, images, options);
        int[] last = new int[layout.batchSize()];
        for (int row = 0; row < last.length; row++) {
            last[row] = row * layout.sequenceLength() + layout.rowStarts()[row] + layout.rowLengths()[row] - 1;
        }
        Map<String, INDArray> in = collator.collate(layout, prompts);
        in.put(Llava.TARGET_ROWS, Nd4j.createFromArray(last));
        List<String> nodes = new ArrayList<>(List.of(TARGET_LOGITS));
        nodes.addAll(more);
        return new Result(layout, scope.own(model.output(in, nodes)));
    }

    private static EncodedSample withoutLabels(int[] ids) {
        int[] labels = new int[ids.length];
        Arrays.fill(labels, EncodedSample.IGNORE_INDEX);
        return new EncodedSample(ids, labels);
    }

    /** Number of tokens of an image. */
    int tokensPerImage() {
        return options.numImageTokens();
    }

    /** Graph inputs of one prompt, without padding. */
    Map<String, INDArray> inputs(Prompt prompt) {
        CollatorOptions unpadded = new CollatorOptions(
                options.numImageTokens(),
                options.vocabSize(),
                options.maxLength(),
                options.paddingSide(),
                1,
                options.imageStartEnd());
        BatchLayout layout = BatchLayout.collate(
                List.of(withoutLabels(prompt.ids())), new int[] {prompt.images().size()}, unpadded);
        return prompt.images().isEmpty() ? Placeholders.text(layout) : collator.collate(layout, List.of(prompt));
    }

    /** {@link PromptCollator#prepare}. */
    boolean prepareImages(Prompt prompt, BooleanSupplier pause) {
        return collator.prepare(prompt, pause);
    }
}
