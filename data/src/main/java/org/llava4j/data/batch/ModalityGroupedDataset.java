package org.llava4j.data.batch;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileChangedException;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.ConversationEncoder;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.records.SeededPermutation;

/**
 * Dataset in the order of LLaVA's {@code group_by_modality_length}: an epoch consists of mega-batches, the samples of one
 * optimizer step, whose samples either all have images or are all text-only. The samples of a modality are shuffled and
 * cut into mega-batches of similar length, and the mega-batches of both modalities are shuffled. The samples of each
 * modality that do not fill a mega-batch are at the end of the epoch.
 *
 * <p>The length of every sample is computed once, before the first order is requested. A malformed sample counts as a
 * text-only sample of one word; the data loader skips it.
 */
public final class ModalityGroupedDataset implements ConversationDataset {
    /** Decorrelates the shuffle of the mega-batches from the shuffles of the same seed. */
    private static final long SEED_SALT = 0x2545F4914F6CDD1DL;

    private final ConversationDataset samples;
    private final int megaBatch;
    private final int pool;
    private int @Nullable [] lengths; // of each sample; negative for text-only samples

    /**
     * Groups a dataset.
     *
     * @param megaBatch samples of an optimizer step: batch size times accumulated batches
     * @param pool number of samples of a modality that are sorted by length together before they are cut into
     *     mega-batches; LLaVA's trainer sorts only within a mega-batch, as a pool of at most one mega-batch does
     * @throws BadInputException if one of them is not positive
     */
    public ModalityGroupedDataset(ConversationDataset samples, int megaBatch, int pool) {
        if (megaBatch < 1 || pool < 1) {
            throw new BadInputException(
                    "the mega-batch of " + megaBatch + " and the pool of " + pool + " samples must be positive");
        }
        this.samples = samples;
        this.megaBatch = megaBatch;
        this.pool = Math.max(1, pool / megaBatch) * megaBatch;
    }

    @Override
    public IntUnaryOperator order(long seed, long epoch) {
        int[] modalityLengths = lengths();
        IntUnaryOperator shuffled = samples.order(seed, epoch);
        List<Integer> withImages = new ArrayList<>();
        List<Integer> textOnly = new ArrayList<>();
        for (int at = 0; at < size(); at++) {
            int number = shuffled.applyAsInt(at);
            (modalityLengths[number] > 0 ? withImages : textOnly).add(number);
        }
        List<List<Integer>> megaBatches = new ArrayList<>();
        List<Integer> rest = new ArrayList<>(cut(withImages, modalityLengths, megaBatches));
        rest.addAll(cut(textOnly, modalityLengths, megaBatches));
        SeededPermutation shuffle = new SeededPermutation(megaBatches.size(), seed ^ SEED_SALT, epoch);
        int[] order = new int[size()];
        int filled = 0;
        for (int i = 0; i < megaBatches.size(); i++) {
            for (int number : megaBatches.get(shuffle.get(i))) {
                order[filled++] = number;
            }
        }
        for (int number : rest) {
            order[filled++] = number;
        }
        return at -> order[at];
    }

    /** Adds the mega-batches of one modality and returns the samples that do not fill one. */
    private List<Integer> cut(List<Integer> numbers, int[] modalityLengths, List<List<Integer>> megaBatches) {
        for (int from = 0; from < numbers.size(); from += pool) {
            // List.sort is stable: samples of equal length keep their shuffled order.
            numbers.subList(from, Math.min(numbers.size(), from + pool))
                    .sort(Comparator.comparingInt(number -> -Math.abs(modalityLengths[number])));
        }
        int whole = numbers.size() / megaBatch * megaBatch;
        for (int from = 0; from < whole; from += megaBatch) {
            megaBatches.add(numbers.subList(from, from + megaBatch));
        }
        return numbers.subList(whole, numbers.size());
    }

    private int[] lengths() {
        if (lengths == null) {
            int[] computed = new int[size()];
            for (int number = 0; number < computed.length; number++) {
                computed[number] = lengthOf(number);
            }
            lengths = computed;
        }
        return lengths;
    }

    private int lengthOf(int number) {
        try {
            return samples.modalityLength(number);
        } catch (FileChangedException e) {
            throw e;
        } catch (BadInputException e) {
            // The data loader reports invalid samples.
            return -1;
        }
    }

    @Override
    public int size() {
        return samples.size();
    }

    @Override
    public Conversation get(int number) {
        return samples.get(number);
    }

    @Override
    public EncodedSample encoded(int number, Conversation conversation, ConversationEncoder encoder) {
        return samples.encoded(number, conversation, encoder);
    }

    @Override
    public int modalityLength(int number) {
        return samples.modalityLength(number);
    }

    @Override
    public String where(int number) {
        return samples.where(number);
    }

    @Override
    public Path image(int number, String name) {
        return samples.image(number, name);
    }

    @Override
    public int sources() {
        return samples.sources();
    }

    @Override
    public int sourceOf(int number) {
        return samples.sourceOf(number);
    }

    @Override
    public boolean repeats() {
        return samples.repeats();
    }
}
