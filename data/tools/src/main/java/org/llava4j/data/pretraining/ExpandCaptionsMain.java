package org.llava4j.data.pretraining;

import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.RecordCommand;
import org.llava4j.cli.RecordExecutor;
import org.llava4j.data.EnumName;
import org.llava4j.data.InputPaths;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.pretraining.CaptionInstructions.ImagePosition;
import org.llava4j.data.records.RecordFiles;

/** Command {@code exec:java@expand-captions}: expands captions to the samples of stage 1. */
public final class ExpandCaptionsMain extends RecordCommand<Conversation> {
    private static final int SEED = 42;

    /**
     * Creates the command.
     *
     * @param executor runs the expansion of the captions
     */
    public ExpandCaptionsMain(RecordExecutor executor) {
        super("expand-captions", "Expands each caption to a question and answer, the samples of stage 1.", executor);
    }

    public static void main(String[] args) {
        new ExpandCaptionsMain(RecordExecutor.LOCAL).execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(required("data-path", "FILE", "captions: CC3M's .tsv, metadata.json or COCO's"))
                .addOption(required(
                        "output", "FILE", "output in LLaVA's conversation format; .jsonl for one object per line"))
                .addOption(flag("instructions", "FILE", "instructions in place of the built-in ones, one per line"))
                .addOption(flag(
                        "image-position",
                        "PLACE",
                        "position of the image in the question: first, last or random (default)"))
                .addOption(flag("seed", "N", "random seed (default 42)"));
    }

    @Override
    public CaptionProcessor<Conversation> open(CommandLine line) {
        return CaptionProcessor.expanded(
                path(line, "data-path"),
                line.hasOption("instructions")
                        ? CaptionInstructions.read(path(line, "instructions"))
                        : CaptionInstructions.brief(),
                EnumName.parse(
                        ImagePosition.class, "--image-position", line.getOptionValue("image-position", "random")),
                integer(line, "seed", SEED));
    }

    @Override
    protected void run(CommandLine line) {
        InputPaths.of(path(line, "data-path"), optionalPath(line, "instructions"))
                .requireNoOverlap(path(line, "output"));
        try (CaptionProcessor<Conversation> samples = open(line)) {
            RecordFiles.writeConversations(path(line, "output"), results(line, samples));
            System.out.printf("wrote %d samples to %s%n", samples.size(), path(line, "output"));
        }
    }
}
