package org.llava4j.data.batch;

import java.nio.file.Path;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.ConversationEncoder;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.records.ConversationRecordReader;
import org.llava4j.data.records.SeededPermutation;

/** Conversations by number, wherever they come from. */
public interface ConversationDataset {
    int size();

    /** Sample {@code number}, 0..size-1. @throws org.llava4j.data.BadInputException if it is broken */
    Conversation get(int number);

    /**
     * The sample as ids.
     *
     * @param conversation the sample
     * @param encoder makes them, unless they are there already
     */
    default EncodedSample encoded(int number, Conversation conversation, ConversationEncoder encoder) {
        return encoder.encode(conversation);
    }

    /** Where sample {@code number} came from, for messages. */
    String where(int number);

    /** The file of a picture that the conversation of sample {@code number} names. */
    Path image(int number, String name);

    /** How many sources were put together. */
    default int sources() {
        return 1;
    }

    /** Which of the sources that were put together sample {@code number} is of, counted from 0. */
    default int sourceOf(int number) {
        return 0;
    }

    /** Whether a sample may come more than once in an epoch. */
    default boolean repeats() {
        return false;
    }

    /**
     * In which order an epoch goes through the samples; each once, unless they {@link #repeats}.
     *
     * @param epoch counted from 0
     * @return the number of the sample at each position, 0..size-1
     */
    default IntUnaryOperator order(long seed, long epoch) {
        return new SeededPermutation(size(), seed, epoch)::get;
    }

    /** The samples of a reader, their pictures in {@code imageFolder}. */
    static ConversationDataset of(ConversationRecordReader reader, Path imageFolder) {
        return new ConversationDataset() {
            @Override
            public int size() {
                return reader.size();
            }

            @Override
            public Conversation get(int number) {
                return reader.get(number);
            }

            @Override
            public String where(int number) {
                return reader.where(number);
            }

            @Override
            public Path image(int number, String name) {
                return imageFolder.resolve(name);
            }
        };
    }

    /** Samples at hand, their pictures in {@code imageFolder}. */
    static ConversationDataset of(List<Conversation> samples, Path imageFolder) {
        return new ConversationDataset() {
            @Override
            public int size() {
                return samples.size();
            }

            @Override
            public Conversation get(int number) {
                return samples.get(number);
            }

            @Override
            public String where(int number) {
                return "sample " + number;
            }

            @Override
            public Path image(int number, String name) {
                return imageFolder.resolve(name);
            }
        };
    }
}
