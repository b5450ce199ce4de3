package org.llava4j.data.pretraining;

import java.nio.file.Path;
import org.llava4j.data.cli.Records;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.pretraining.Instructions.ImagePosition;
import org.llava4j.data.records.CaptionRecordReader;

/** The sample of stage 1 that each caption of a file becomes. */
final class ExpandedCaptions implements Records<Conversation> {
    private final CaptionRecordReader reader;
    private final Instructions instructions;
    private final ImagePosition position;
    private final long seed;

    /** @throws org.llava4j.data.BadInputException if the file is missing, broken or empty */
    ExpandedCaptions(Path captions, Instructions instructions, ImagePosition position, long seed) {
        this.reader = CaptionRecordReader.openSome(captions);
        this.instructions = instructions;
        this.position = position;
        this.seed = seed;
    }

    @Override
    public String what() {
        return "captions";
    }

    @Override
    public int size() {
        return reader.size();
    }

    @Override
    public Conversation of(int number) {
        return instructions.expand(reader.get(number), position, seed);
    }

    @Override
    public void close() {
        reader.close();
    }
}
