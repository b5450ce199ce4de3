package org.llava4j.data.pretraining;

import java.nio.file.Path;
import org.llava4j.cli.RecordProcessor;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.pretraining.CaptionInstructions.ImagePosition;
import org.llava4j.data.records.CaptionRecordReader;

/** Captions of a file, expanded to samples of stage 1. */
final class ExpandedCaptions implements RecordProcessor<Conversation> {
    private final CaptionRecordReader reader;
    private final CaptionInstructions instructions;
    private final ImagePosition position;
    private final long seed;

    /**
     * Opens a file of captions.
     *
     * @throws org.llava4j.data.BadInputException if the file is missing, malformed or empty
     */
    ExpandedCaptions(Path captions, CaptionInstructions instructions, ImagePosition position, long seed) {
        this.reader = CaptionRecordReader.openNonEmpty(captions);
        this.instructions = instructions;
        this.position = position;
        this.seed = seed;
    }

    @Override
    public String unit() {
        return "captions";
    }

    @Override
    public int size() {
        return reader.size();
    }

    @Override
    public Conversation process(int number) {
        return instructions.expand(reader.get(number), position, seed);
    }

    @Override
    public void close() {
        reader.close();
    }
}
