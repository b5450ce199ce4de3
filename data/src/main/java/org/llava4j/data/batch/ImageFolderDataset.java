package org.llava4j.data.batch;

import java.nio.file.Path;
import java.util.function.IntFunction;
import org.llava4j.data.conversation.Conversation;

/**
 * Dataset whose images are in one folder.
 *
 * @param samples sample by number
 * @param places location of a sample, for messages
 */
record ImageFolderDataset(int size, IntFunction<Conversation> samples, IntFunction<String> places, Path images)
        implements ConversationDataset {

    @Override
    public Conversation get(int number) {
        return samples.apply(number);
    }

    @Override
    public String where(int number) {
        return places.apply(number);
    }

    @Override
    public Path image(int number, String name) {
        return images.resolve(name);
    }
}
