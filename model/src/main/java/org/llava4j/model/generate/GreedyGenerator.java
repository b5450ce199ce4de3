package org.llava4j.model.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.SpliceLayout;
import org.llava4j.data.batch.SpliceOptions;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.model.Llava;
import org.llava4j.model.samediff.PooledMemory;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The most likely token, again and again, for several prompts at once. The prompts run through the graph together, each
 * further position through a {@link CachedDecoder}; where there is none (LoRA unmerged) every step runs over the whole
 * rows. Only the last real row of each reaches the head. Lengths are rounded up so that few shapes occur and memory is
 * reused.
 */
public final class GreedyGenerator {
    private static final String TARGET_LOGITS = "target_logits";

    private final Llava model;
    private final SpliceOptions options;
    private final int eosId;
    private final Optional<CachedDecoder> cached;

    /**
     * @param options how prompts are laid out; padding must be on the right
     * @param eosId the token that ends an answer
     */
    public GreedyGenerator(Llava model, SpliceOptions options, int eosId) {
        this(model, options, eosId, true);
    }

    /** @param cache whether keys and values are kept; the same tokens come without, later */
    GreedyGenerator(Llava model, SpliceOptions options, int eosId, boolean cache) {
        this.model = model;
        this.options = options;
        this.eosId = eosId;
        cached = cache ? CachedDecoder.of(model) : Optional.empty();
    }

    /**
     * Continues prompts.
     *
     * @param prompts ids with -200 where an image goes
     * @param imagesPerRow how many images each prompt brings
     * @param feed placeholders of a layout, images included
     * @param finished tells from a row's new tokens that nothing after them is wanted
     * @return the new tokens of each row, without the end token
     * @throws BadInputException if a prompt alone fills the model's length
     */
    public List<int[]> generate(
            List<int[]> prompts,
            int[] imagesPerRow,
            Function<SpliceLayout, Map<String, INDArray>> feed,
            int maxNewTokens,
            Predicate<int[]> finished) {
        int rows = prompts.size();
        for (int row = 0; row < rows; row++) {
            if (!hasRoom(prompts.get(row), new int[0])) {
                throw new BadInputException("prompt " + row + " takes "
                        + SpliceLayout.splicedLength(prompts.get(row), options.vectorsPerImage()) + " positions of the "
                        + options.maxLength() + " that the model has, which leaves none for an answer; shorten it");
            }
        }
        List<int[]> continued = new ArrayList<>();
        prompts.forEach(prompt -> continued.add(new int[0]));
        boolean[] done = new boolean[rows];
        int[] next = new int[rows];
        for (int step = 0; step < maxNewTokens; step++) {
            if (step > 0 && cached.isPresent()) {
                step(cached.get(), continued, done, next);
            } else {
                next = next(prompts, continued, imagesPerRow, feed, maxNewTokens);
            }
            boolean allDone = true;
            for (int row = 0; row < rows; row++) {
                if (!done[row] && next[row] != eosId) {
                    int[] longer = Arrays.copyOf(continued.get(row), continued.get(row).length + 1);
                    longer[longer.length - 1] = next[row];
                    continued.set(row, longer);
                    done[row] = finished.test(longer) || !hasRoom(prompts.get(row), longer);
                } else {
                    done[row] = true;
                }
                allDone &= done[row];
            }
            if (allDone) {
                break;
            }
        }
        return continued;
    }

    private boolean hasRoom(int[] prompt, int[] more) {
        return SpliceLayout.splicedLength(prompt, options.vectorsPerImage()) + more.length < options.maxLength();
    }

    private int[] next(
            List<int[]> prompts,
            List<int[]> continued,
            int[] imagesPerRow,
            Function<SpliceLayout, Map<String, INDArray>> feed,
            int maxNewTokens) {
        List<EncodedSample> samples = new ArrayList<>();
        for (int row = 0; row < prompts.size(); row++) {
            samples.add(unlabelled(prompts.get(row), continued.get(row)));
        }
        SpliceLayout layout = SpliceLayout.of(samples, imagesPerRow, options);
        int[] last = new int[layout.rows()];
        for (int row = 0; row < last.length; row++) {
            last[row] = row * layout.length() + layout.rowStarts()[row] + layout.rowLengths()[row] - 1;
        }
        Map<String, INDArray> in = feed.apply(layout);
        in.put(Llava.TARGET_ROWS, Nd4j.createFromArray(last));
        List<String> nodes = new ArrayList<>(List.of(TARGET_LOGITS));
        cached.ifPresent(decoder -> nodes.addAll(decoder.nodes()));
        Map<String, INDArray> out = model.output(in, nodes);
        cached.ifPresent(decoder -> decoder.begin(out, layout, maxNewTokens));
        return likeliest(out.get(TARGET_LOGITS));
    }

    /** The next token of each row that is not done; the others' stay. */
    private static void step(CachedDecoder decoder, List<int[]> continued, boolean[] done, int[] next) {
        int[] rows = IntStream.range(0, done.length).filter(row -> !done[row]).toArray();
        int[] tokens = Arrays.stream(rows)
                .map(row -> continued.get(row)[continued.get(row).length - 1])
                .toArray();
        int[] following = likeliest(decoder.step(rows, tokens));
        for (int i = 0; i < rows.length; i++) {
            next[rows[i]] = following[i];
        }
    }

    private static int[] likeliest(INDArray logits) {
        int[] tokens = logits.argMax(1).toIntVector();
        PooledMemory.ofThisThread().release(logits);
        return tokens;
    }

    private static EncodedSample unlabelled(int[] prompt, int[] more) {
        int[] ids = Arrays.copyOf(prompt, prompt.length + more.length);
        System.arraycopy(more, 0, ids, prompt.length, more.length);
        int[] labels = new int[ids.length];
        Arrays.fill(labels, EncodedSample.IGNORE_INDEX);
        return new EncodedSample(ids, labels);
    }
}
