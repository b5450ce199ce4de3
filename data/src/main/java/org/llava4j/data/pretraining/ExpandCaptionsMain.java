package org.llava4j.data.pretraining;

import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.InputPaths;
import org.llava4j.data.cli.RecordCommand;
import org.llava4j.data.cli.RecordExecutor;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.pretraining.CaptionInstructions.ImagePosition;
import org.llava4j.data.records.RecordFiles;

/** {@code exec:java@expand-captions}: captions to the samples of stage 1. */
public final class ExpandCaptionsMain extends RecordCommand<Conversation> {
    private static final int SEED = 42;

    /** @param place where captions are expanded */
    public ExpandCaptionsMain(RecordExecutor place) {
        super("expand-captions", "Makes a question and answer of each caption, as stage 1 learns them.", place);
    }

    public static void main(String[] args) {
        new ExpandCaptionsMain(RecordExecutor.LOCAL).execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(required("data-path", "FILE", "captions: CC3M's .tsv, metadata.json or COCO's"))
                .addOption(required("output", "FILE", "LLaVA's training data; .jsonl for an object a line"))
                .addOption(flag("instructions", "FILE", "other ways of asking, one a line"))
                .addOption(flag("image-position", "PLACE", "first, last or random (default) beside the instruction"))
                .addOption(flag("seed", "N", "of what is drawn (default 42)"));
    }

    @Override
    public ExpandedCaptions open(CommandLine line) {
        return new ExpandedCaptions(
                path(line, "data-path"),
                line.hasOption("instructions")
                        ? CaptionInstructions.read(path(line, "instructions"))
                        : CaptionInstructions.brief(),
                ImagePosition.named(line.getOptionValue("image-position", "random")),
                integer(line, "seed", SEED));
    }

    @Override
    protected void run(CommandLine line) {
        InputPaths.of(path(line, "data-path"), path(line, "instructions")).requireNoOverlap(path(line, "output"));
        try (ExpandedCaptions samples = open(line)) {
            RecordFiles.writeConversations(path(line, "output"), results(line, samples));
            System.out.printf("wrote %d samples to %s%n", samples.size(), path(line, "output"));
        }
    }
}
