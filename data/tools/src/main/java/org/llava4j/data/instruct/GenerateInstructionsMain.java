package org.llava4j.data.instruct;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.EnumName;
import org.llava4j.data.InputPaths;
import org.llava4j.data.llm.LlmClientFlags;
import org.llava4j.data.llm.OpenAiLlmClient;
import org.llava4j.data.llm.RequestJournal;
import org.llava4j.data.llm.RequestSession;
import org.llava4j.data.records.CocoRecordReader;

/** Command {@code exec:java@generate-instructions}: generates the data of stage 2 with a text-only LLM. */
public final class GenerateInstructionsMain extends Command {
    private static final String KIND = "instructions";
    private static final int SEED = 42;
    private static final double TEMPERATURE = 0.7;

    private GenerateInstructionsMain() {
        super(
                "generate-instructions",
                "Generates conversations, descriptions and reasoning about captioned images with a text-only LLM; the key"
                        + " is read from the environment variable " + OpenAiLlmClient.KEY_VARIABLE + ".");
    }

    public static void main(String[] args) {
        new GenerateInstructionsMain().execute(args);
    }

    @Override
    protected Options options() {
        return LlmClientFlags.addTo(new Options(), TEMPERATURE)
                .addOption(required("captions", "FILE", "COCO captions"))
                .addOption(flag("instances", "FILE", "COCO instances (bounding boxes) of the same images"))
                .addOption(required("output-dir", "DIR", "output folder"))
                .addOption(alias(
                        flag("types", "LIST", "instruction types: conversation,detail,complex_reasoning (default all)"),
                        "kinds"))
                .addOption(flag("max-images", "N", "use the first N images only"))
                .addOption(flag("prompts", "DIR", "folder with other system prompts, few-shot examples and questions"))
                .addOption(flag("seed", "N", "random seed (default 42)"));
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        InputPaths inputs =
                InputPaths.of(path(line, "captions"), optionalPath(line, "instances"), optionalPath(line, "prompts"));
        inputs.requireNoOverlap(output);
        LlmClientFlags flags = LlmClientFlags.of(line, TEMPERATURE);
        InstructionPrompts prompts = line.hasOption("prompts")
                ? InstructionPrompts.read(path(line, "prompts"))
                : InstructionPrompts.builtIn();
        List<InstructionType> types = Stream.of(line.getOptionValue("types", "conversation,detail,complex_reasoning")
                        .split(","))
                .map(name -> EnumName.parse(InstructionType.class, "--types", name.strip()))
                .distinct()
                .toList();
        try (CocoRecordReader images = CocoRecordReader.open(path(line, "captions"), optionalPath(line, "instances"))) {
            int count = Math.min(images.size(), atLeast(1, line, "max-images", Integer.MAX_VALUE));
            InstructionWriter writer =
                    new InstructionWriter(images, count, types, prompts, flags.settings(), integer(line, "seed", SEED));
            try (AtomicFolder folder = AtomicFolder.begin(output, KIND, inputs);
                    RequestSession session = flags.open(List.of(flags.journal(output)))) {
                RequestJournal journal = session.run(0, writer::requests, writer.numRequests());
                if (journal == null) {
                    return; // dry run
                }
                InstructionReport report = writer.write(journal, folder.path());
                folder.commit();
                System.out.println(report);
                System.out.println("wrote " + output);
            }
        }
    }
}
