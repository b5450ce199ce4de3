package org.llava4j.data.batch;

import java.nio.file.Path;
import java.util.List;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;

/**
 * ScienceQA's problems as conversations to learn from.
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

    /** The conversation of a problem; a picture is named from {@code images} on, since a split such as minitrain has its pictures in another's folder. */
    @Override
    public Conversation get(int number) {
        ScienceQaProblem problem = reader.get(number);
        Conversation conversation = format.conversation(problem);
        if (!problem.hasImage()) {
            return conversation;
        }
        Path picture = ScienceQaRecordReader.image(Path.of(""), problem);
        return new Conversation(conversation.jsonId(), List.of(picture.toString()), conversation.turns());
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
