package org.llava4j.data.batch;

import java.nio.file.Path;
import java.util.List;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.records.ConversationRecordReader;

/** Conversations by number, wherever they come from. */
public interface SampleSource {
    int size();

    /** Sample {@code number}, 0..size-1. @throws org.llava4j.data.BadInputException if it is broken */
    Conversation get(int number);

    /** Where sample {@code number} came from, for messages. */
    String where(int number);

    /** The file of a picture that a conversation names. */
    Path image(String name);

    /** The samples of a reader, their pictures in {@code imageFolder}. */
    static SampleSource of(ConversationRecordReader reader, Path imageFolder) {
        return new SampleSource() {
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
            public Path image(String name) {
                return imageFolder.resolve(name);
            }
        };
    }

    /** Samples at hand, their pictures in {@code imageFolder}. */
    static SampleSource of(List<Conversation> samples, Path imageFolder) {
        return new SampleSource() {
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
            public Path image(String name) {
                return imageFolder.resolve(name);
            }
        };
    }
}
