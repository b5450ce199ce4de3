package org.llava4j.data.instruct;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.Inputs;
import org.llava4j.data.cli.Command;
import org.llava4j.data.endpoint.CallSession;
import org.llava4j.data.endpoint.EndpointFlags;
import org.llava4j.data.endpoint.OpenAiEndpoint;
import org.llava4j.data.records.CocoRecordReader;

/** {@code exec:java@generate-instructions}: stage 2's data, written by a text-only teacher. */
public final class GenerateInstructionsMain extends Command {
    private static final String KIND = "instructions";
    private static final int SEED = 42;
    private static final double TEMPERATURE = 0.7;
    private static final int MAX_TOKENS = 1024;

    private GenerateInstructionsMain() {
        super(
                "generate-instructions",
                "Asks a text-only teacher for conversations, descriptions and reasoning about captioned pictures; the key"
                        + " is taken from the environment variable " + OpenAiEndpoint.KEY_VARIABLE + ".");
    }

    public static void main(String[] args) {
        new GenerateInstructionsMain().execute(args);
    }

    @Override
    protected Options options() {
        return EndpointFlags.addTo(new Options(), TEMPERATURE, MAX_TOKENS)
                .addOption(required("captions", "FILE", "COCO's captions"))
                .addOption(flag("instances", "FILE", "COCO's boxes of the same pictures"))
                .addOption(required("output-dir", "DIR", "where the files go"))
                .addOption(flag("kinds", "LIST", "conversation,detail,complex_reasoning (default all)"))
                .addOption(flag("max-images", "N", "only the first N pictures"))
                .addOption(flag("prompts", "DIR", "other system prompts, examples and questions"))
                .addOption(flag("seed", "N", "of what is drawn (default 42)"));
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        Inputs inputs = Inputs.of(path(line, "captions"), path(line, "instances"), path(line, "prompts"));
        inputs.requireApart(output);
        EndpointFlags flags = EndpointFlags.of(line, TEMPERATURE, MAX_TOKENS);
        Prompts prompts = line.hasOption("prompts") ? Prompts.read(path(line, "prompts")) : Prompts.own();
        List<Kind> kinds = Stream.of(line.getOptionValue("kinds", "conversation,detail,complex_reasoning")
                        .split(","))
                .map(name -> Kind.named(name.strip()))
                .distinct()
                .toList();
        try (CocoRecordReader pictures = CocoRecordReader.open(path(line, "captions"), path(line, "instances"))) {
            int count = Math.min(pictures.size(), atLeast(1, line, "max-images", Integer.MAX_VALUE));
            InstructionWriter writer = new InstructionWriter(
                    pictures, count, kinds, prompts, flags.settings(), integer(line, "seed", SEED));
            try (AtomicFolder folder = AtomicFolder.begin(output, KIND, inputs);
                    CallSession session = flags.open(List.of(flags.journal(output)))) {
                session.ask(0, writer::calls, writer.total()).ifPresent(journal -> {
                    InstructionReport report = writer.write(journal, folder.path());
                    folder.commit();
                    System.out.println(report);
                    System.out.println("wrote " + output);
                });
            }
        }
    }
}
