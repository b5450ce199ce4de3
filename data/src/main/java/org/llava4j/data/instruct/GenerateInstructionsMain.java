package org.llava4j.data.instruct;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Html;
import org.llava4j.data.cli.Command;
import org.llava4j.data.endpoint.CallJournal;
import org.llava4j.data.endpoint.CallListener;
import org.llava4j.data.endpoint.CallSettings;
import org.llava4j.data.endpoint.CallTotals;
import org.llava4j.data.endpoint.Calls;
import org.llava4j.data.endpoint.ChatCall;
import org.llava4j.data.endpoint.Limits;
import org.llava4j.data.endpoint.OpenAiEndpoint;
import org.llava4j.data.endpoint.Retries;
import org.llava4j.data.endpoint.Time;
import org.llava4j.data.records.CocoRecordReader;

/** {@code exec:java@generate-instructions}: stage 2's data, written by a text-only teacher. */
public final class GenerateInstructionsMain extends Command {
    private static final int SEED = 42;
    private static final double PER_MILLION = 1e6;
    private static final long SECONDS_BETWEEN_LINES = 5;

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
        return new Options()
                .addOption(required("captions", "FILE", "COCO's captions"))
                .addOption(flag("instances", "FILE", "COCO's boxes of the same pictures"))
                .addOption(required("output-dir", "DIR", "where the files go"))
                .addOption(flag("journal", "FILE", "every call and answer (default DIR.calls.jsonl)"))
                .addOption(flag("kinds", "LIST", "conversation,detail,complex_reasoning (default all)"))
                .addOption(flag("max-images", "N", "only the first N pictures"))
                .addOption(flag("prompts", "DIR", "other system prompts, examples and questions"))
                .addOption(flag("base-url", "URL", "of OpenAI's protocol (default https://api.openai.com/v1)"))
                .addOption(flag("model", "NAME", "as the endpoint knows it; needed unless --replay"))
                .addOption(flag("temperature", "REAL", "0 to 2 (default 0.7)"))
                .addOption(flag("max-tokens", "N", "of one answer (default 1024)"))
                .addOption(flag("timeout", "SECONDS", "for one answer (default 120)"))
                .addOption(flag("concurrency", "N", "calls at the same time (default 4)"))
                .addOption(flag("requests-per-minute", "N", "no more than these (default no limit)"))
                .addOption(flag("tokens-per-minute", "N", "no more than these (default no limit)"))
                .addOption(flag("max-requests", "N", "of all runs with this journal (default no limit)"))
                .addOption(flag("max-tokens-total", "N", "of all runs with this journal (default no limit)"))
                .addOption(flag("price-in", "REAL", "of a million tokens asked, for the estimate"))
                .addOption(flag("price-out", "REAL", "of a million tokens answered, for the estimate"))
                .addOption(toggle("dry-run", "print the requests and the estimate, ask nothing"))
                .addOption(toggle("replay", "make the files of the journal alone, ask nothing"))
                .addOption(flag("seed", "N", "of what is drawn (default 42)"));
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        Path journalFile = line.hasOption("journal")
                ? path(line, "journal")
                : output.resolveSibling(output.getFileName() + ".calls.jsonl");
        CallSettings settings =
                new CallSettings(model(line), real(line, "temperature", 0.7), 1, atLeast(1, line, "max-tokens", 1024));
        Prompts prompts = line.hasOption("prompts") ? Prompts.read(path(line, "prompts")) : Prompts.own();
        List<Kind> kinds = Stream.of(line.getOptionValue("kinds", "conversation,detail,complex_reasoning")
                        .split(","))
                .map(name -> Kind.named(name.strip()))
                .distinct()
                .toList();
        try (CocoRecordReader pictures = CocoRecordReader.open(path(line, "captions"), path(line, "instances"))) {
            int count = Math.min(pictures.size(), atLeast(1, line, "max-images", Integer.MAX_VALUE));
            InstructionWriter writer =
                    new InstructionWriter(pictures, count, kinds, prompts, settings, integer(line, "seed", SEED));
            if (line.hasOption("dry-run")) {
                writer.calls().forEachRemaining(call -> System.out.println(call.json()));
            }
            System.out.println(estimate(line, writer));
            if (line.hasOption("dry-run")) {
                return;
            }
            if (line.hasOption("replay")) {
                try (CallJournal journal = CallJournal.read(journalFile)) {
                    write(writer, journal, output);
                }
                return;
            }
            OpenAiEndpoint endpoint = endpoint(line);
            try (CallJournal journal = CallJournal.append(journalFile)) {
                Optional<String> missing = new Calls(
                                endpoint, journal, limits(line), Retries.DEFAULT, Time.REAL, new Lines())
                        .ask(writer.calls(), writer.total());
                if (missing.isPresent()) {
                    throw new BadInputException(missing.get() + "; what was answered is in " + journalFile
                            + ", call again to go on from there, or with --replay to make the files of it");
                }
                write(writer, journal, output);
            }
        }
    }

    private static void write(InstructionWriter writer, CallJournal journal, Path output) {
        System.out.println(writer.write(journal, output));
        System.out.println("wrote " + output);
    }

    private static String model(CommandLine line) {
        if (!line.hasOption("model")) {
            throw new BadInputException("--model is missing; name the model that is or was asked");
        }
        return line.getOptionValue("model");
    }

    private static OpenAiEndpoint endpoint(CommandLine line) {
        return new OpenAiEndpoint(
                line.getOptionValue("base-url", "https://api.openai.com/v1"),
                Optional.ofNullable(System.getenv(OpenAiEndpoint.KEY_VARIABLE)).orElse(""),
                Duration.ofSeconds(atLeast(1, line, "timeout", 120)));
    }

    private static Limits limits(CommandLine line) {
        return new Limits(
                atLeast(1, line, "concurrency", 4),
                atLeast(0, line, "requests-per-minute", 0),
                atLeast(0, line, "tokens-per-minute", 0),
                atLeast(0, line, "max-requests", 0),
                atLeast(0, line, "max-tokens-total", 0));
    }

    /** Says every few seconds how calls stand. */
    private static final class Lines implements CallListener {
        private long saidMs;

        @Override
        public void progress(CallTotals totals) {
            boolean last = totals.settled() == totals.total();
            if (!last && totals.elapsedMs() - saidMs < 1000 * SECONDS_BETWEEN_LINES) {
                return;
            }
            saidMs = totals.elapsedMs();
            System.out.println(Html.fill(
                    "%,d of %,d calls, %,d answered now, %,d failed tries, %,d tokens, %s",
                    totals.settled(),
                    totals.total(),
                    totals.fresh(),
                    totals.failures(),
                    totals.tokens(),
                    totals.leftMs() < 0 ? "time left unknown" : Html.duration(totals.leftMs() / 1e3) + " left"));
        }
    }

    /** Before anything is asked: how many calls, and about how many tokens and what they cost. */
    private static String estimate(CommandLine line, InstructionWriter writer) {
        long calls = 0;
        long in = 0;
        for (Iterator<ChatCall> each = writer.calls(); each.hasNext(); calls++) {
            in += each.next().expectedPromptTokens();
        }
        long out = calls * writer.settings().maxTokens();
        String cost = line.hasOption("price-in") || line.hasOption("price-out")
                ? Html.fill(
                        ", %.2f at most at the given prices",
                        (in * real(line, "price-in", 0) + out * real(line, "price-out", 0)) / PER_MILLION)
                : "";
        return Html.fill("%,d calls: about %,d tokens asked, at most %,d answered%s", calls, in, out, cost);
    }
}
