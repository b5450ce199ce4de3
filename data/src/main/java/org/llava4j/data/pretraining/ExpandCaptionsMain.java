package org.llava4j.data.pretraining;

import java.nio.file.Path;
import java.util.stream.IntStream;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.Command;
import org.llava4j.data.cli.ProgressOfWork;
import org.llava4j.data.pretraining.Instructions.ImagePosition;
import org.llava4j.data.records.CaptionRecordReader;
import org.llava4j.data.records.RecordFiles;

/** {@code exec:java@expand-captions}: captions to the samples of stage 1. */
public final class ExpandCaptionsMain extends Command {
    private static final int SEED = 42;

    private ExpandCaptionsMain() {
        super("expand-captions", "Makes a question and answer of each caption, as stage 1 learns them.");
    }

    public static void main(String[] args) {
        new ExpandCaptionsMain().execute(args);
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
    protected void run(CommandLine line) {
        Path input = path(line, "data-path");
        Instructions instructions =
                line.hasOption("instructions") ? Instructions.read(path(line, "instructions")) : Instructions.brief();
        ImagePosition position = ImagePosition.named(line.getOptionValue("image-position", "random"));
        int seed = integer(line, "seed", SEED);
        try (CaptionRecordReader reader = CaptionRecordReader.open(input)) {
            if (reader.size() == 0) {
                throw new BadInputException(input + ": there are no captions; check the file");
            }
            ProgressOfWork progress = new ProgressOfWork("captions", reader.size());
            RecordFiles.writeConversations(
                    path(line, "output"),
                    IntStream.range(0, reader.size())
                            .peek(number -> progress.add(1))
                            .mapToObj(number -> instructions.expand(reader.get(number), position, seed))
                            .iterator());
            System.out.printf("wrote %d samples to %s%n", reader.size(), path(line, "output"));
        }
    }
}
