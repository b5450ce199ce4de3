package org.llava4j.data.batch;

import java.nio.file.Path;
import java.util.List;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;

/**
 * Dataset of ScienceQA problems as conversations.
 *
 * @param format what an answer consists of
 * @param images ScienceQA's {@code images} folder
 */
public record ScienceQaDataset(ScienceQaRecordReader reader, ScienceQaPrompt format, Path images)
        implements ConversationDataset {

    @Override
    public int size() {
        return reader.size();
    }

    /**
     * Returns the conversation of a problem. Its image is relative to {@code images}, because a split such as minitrain
     * has its images in the folder of another split.
     */
    @Override
    public Conversation get(int number) {
        ScienceQaProblem problem = reader.get(number);
        Conversation conversation = format.conversation(problem);
        if (!problem.hasImage()) {
            return conversation;
        }
        Path image = ScienceQaRecordReader.image(Path.of(""), problem);
        return new Conversation(conversation.jsonId(), List.of(image.toString()), conversation.turns());
    }

    @Override
    public String where(int number) {
        return reader.where(number);
    }

    @Override
    public Path image(int number, String name) {
        return images.resolve(name);
    }
}
