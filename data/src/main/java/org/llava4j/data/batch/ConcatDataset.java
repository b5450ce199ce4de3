package org.llava4j.data.batch;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.ConversationEncoder;
import org.llava4j.data.conversation.EncodedSample;

/**
 * Concatenation of datasets: the samples of the first, then those of the second, and so on. Samples are identified by
 * their index, so that the same id may occur in several datasets.
 */
public class ConcatDataset implements ConversationDataset {
    private final List<ConversationDataset> sources;
    private final int[] first; // index of the first sample of source i; the last element is the number of samples

    /**
     * Concatenates datasets.
     *
     * @throws BadInputException if one of them is empty
     */
    public ConcatDataset(List<? extends ConversationDataset> sources) {
        this.sources = List.copyOf(sources);
        first = new int[sources.size() + 1];
        for (int i = 0; i < sources.size(); i++) {
            if (sources.get(i).size() == 0) {
                throw new BadInputException("source " + (i + 1) + " has no samples; remove it");
            }
            first[i + 1] = Math.addExact(first[i], sources.get(i).size());
        }
    }

    @Override
    public int size() {
        return first[sources.size()];
    }

    @Override
    public Conversation get(int number) {
        int source = sourceOf(number);
        return sources.get(source).get(number - first[source]);
    }

    @Override
    public EncodedSample encoded(int number, Conversation conversation, ConversationEncoder encoder) {
        int source = sourceOf(number);
        return sources.get(source).encoded(number - first[source], conversation, encoder);
    }

    @Override
    public int modalityLength(int number) {
        int source = sourceOf(number);
        return sources.get(source).modalityLength(number - first[source]);
    }

    @Override
    public String where(int number) {
        int source = sourceOf(number);
        return sources.get(source).where(number - first[source]);
    }

    @Override
    public Path image(int number, String name) {
        int source = sourceOf(number);
        return sources.get(source).image(number - first[source], name);
    }

    @Override
    public int sources() {
        return sources.size();
    }

    @Override
    public int sourceOf(int number) {
        int found = Arrays.binarySearch(first, number);
        return found >= 0 ? found : -found - 2;
    }

    /** Returns the index of the first sample of a source. */
    final int firstOf(int source) {
        return first[source];
    }

    final int sizeOf(int source) {
        return first[source + 1] - first[source];
    }
}
