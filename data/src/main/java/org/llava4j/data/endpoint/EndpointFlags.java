package org.llava4j.data.endpoint;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Html;
import org.llava4j.data.cli.Command;

/** How a goal reaches a model behind an endpoint, and what it may spend there. */
public final class EndpointFlags {
    private static final double PER_MILLION = 1e6;

    private final CommandLine line;
    private final CallSettings settings;

    private EndpointFlags(CommandLine line, CallSettings settings) {
        this.line = line;
        this.settings = settings;
    }

    /**
     * @param temperature where none is given
     * @param maxTokens of one answer, where none is given
     */
    public static Options addTo(Options options, double temperature, int maxTokens) {
        return options.addOption(
                        Command.flag("base-url", "URL", "of OpenAI's protocol (default https://api.openai.com/v1)"))
                .addOption(Command.flag("model", "NAME", "as the endpoint knows it"))
                .addOption(Command.flag("temperature", "REAL", "0 to 2 (default " + temperature + ")"))
                .addOption(Command.flag("max-tokens", "N", "of one answer (default " + maxTokens + ")"))
                .addOption(Command.flag("timeout", "SECONDS", "for one answer (default 120)"))
                .addOption(Command.flag("concurrency", "N", "calls at the same time (default 4)"))
                .addOption(Command.flag("requests-per-minute", "N", "no more than these (default no limit)"))
                .addOption(Command.flag("tokens-per-minute", "N", "no more than these (default no limit)"))
                .addOption(Command.flag("max-requests", "N", "of all runs with this journal (default no limit)"))
                .addOption(Command.flag("max-tokens-total", "N", "of all runs with this journal (default no limit)"))
                .addOption(Command.flag("price-in", "REAL", "of a million tokens asked, for the estimate"))
                .addOption(Command.flag("price-out", "REAL", "of a million tokens answered, for the estimate"))
                .addOption(Command.flag("journal", "FILE", "every call and answer (default DIR.calls.jsonl)"))
                .addOption(Command.toggle("dry-run", "print the requests and the estimate, ask nothing"))
                .addOption(Command.toggle("replay", "take the answers of the journal alone, ask nothing"));
    }

    /** @throws BadInputException if a flag has no sense */
    public static EndpointFlags of(CommandLine line, double temperature, int maxTokens) {
        if (!line.hasOption("model")) {
            throw new BadInputException("--model is missing; name the model that is or was asked");
        }
        return new EndpointFlags(
                line,
                new CallSettings(
                        line.getOptionValue("model"),
                        Command.real(line, "temperature", temperature),
                        1,
                        Command.atLeast(1, line, "max-tokens", maxTokens)));
    }

    /** What is asked beside the messages. */
    public CallSettings settings() {
        return settings;
    }

    /** Where calls are written: beside the output, unless it is told otherwise. */
    public Path journal(Path output) {
        return line.hasOption("journal")
                ? Path.of(line.getOptionValue("journal"))
                : output.resolveSibling(output.getFileName() + ".calls.jsonl");
    }

    /**
     * What a model is told: the file that a flag names, or a resource.
     *
     * @param owner a class beside the resource
     * @throws BadInputException if the file cannot be read
     */
    public String words(String flag, Class<?> owner, String resource) {
        String given = line.getOptionValue(flag);
        try (InputStream in =
                given == null ? owner.getResourceAsStream(resource) : Files.newInputStream(Path.of(given))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new BadInputException(
                    "--" + flag + " " + given + " cannot be read (" + e.getMessage() + "); check the path", e);
        }
    }

    /**
     * Asks what a journal lacks, and hands it on when all is settled; with {@code --replay} hands it on as it is.
     *
     * @param calls read once for the estimate, once to be asked
     * @param use not called where {@code --dry-run} only prints
     * @throws BadInputException if some calls have no answer yet
     */
    public void ask(Path journalFile, Supplier<Iterator<ChatCall>> calls, long total, Consumer<CallJournal> use) {
        if (line.hasOption("dry-run")) {
            calls.get().forEachRemaining(call -> System.out.println(call.json()));
        }
        System.out.println(estimate(calls.get()));
        if (line.hasOption("dry-run")) {
            return;
        }
        if (line.hasOption("replay")) {
            try (CallJournal journal = CallJournal.read(journalFile)) {
                use.accept(journal);
            }
            return;
        }
        OpenAiEndpoint endpoint = endpoint();
        try (CallJournal journal = CallJournal.append(journalFile)) {
            Optional<String> missing = new Calls(
                            endpoint, journal, limits(), Retries.DEFAULT, Time.REAL, new ProgressLines())
                    .ask(calls.get(), total);
            if (missing.isPresent()) {
                throw new BadInputException(missing.get() + "; what was answered is in " + journalFile
                        + ", call again to go on from there, or with --replay to make do with it");
            }
            use.accept(journal);
        }
    }

    private OpenAiEndpoint endpoint() {
        return new OpenAiEndpoint(
                line.getOptionValue("base-url", "https://api.openai.com/v1"),
                Optional.ofNullable(System.getenv(OpenAiEndpoint.KEY_VARIABLE)).orElse(""),
                Duration.ofSeconds(Command.atLeast(1, line, "timeout", 120)));
    }

    private Limits limits() {
        return new Limits(
                Command.atLeast(1, line, "concurrency", 4),
                Command.atLeast(0, line, "requests-per-minute", 0),
                Command.atLeast(0, line, "tokens-per-minute", 0),
                Command.atLeast(0, line, "max-requests", 0),
                Command.atLeast(0, line, "max-tokens-total", 0));
    }

    /** Before anything is asked: how many calls, and about how many tokens and what they cost. */
    private String estimate(Iterator<ChatCall> each) {
        long calls = 0;
        long in = 0;
        for (; each.hasNext(); calls++) {
            in += each.next().expectedPromptTokens();
        }
        long out = calls * settings.maxTokens();
        String cost = line.hasOption("price-in") || line.hasOption("price-out")
                ? Html.fill(
                        ", %.2f at most at the given prices",
                        (in * Command.real(line, "price-in", 0) + out * Command.real(line, "price-out", 0))
                                / PER_MILLION)
                : "";
        return Html.fill("%,d calls: about %,d tokens asked, at most %,d answered%s", calls, in, out, cost);
    }
}
