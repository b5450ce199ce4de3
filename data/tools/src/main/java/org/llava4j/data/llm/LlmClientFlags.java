package org.llava4j.data.llm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileReadError;
import org.llava4j.data.InputPaths;
import org.llava4j.data.TextFiles;

/** Command-line flags of an LLM endpoint: address, model, sampling, rate limits and budget. */
public final class LlmClientFlags {
    private static final int DEFAULT_MAX_TOKENS = 1024;

    private final CommandLine line;
    private final ChatParameters settings;

    private LlmClientFlags(CommandLine line, ChatParameters settings) {
        this.line = line;
        this.settings = settings;
    }

    /**
     * Adds the flags to the options of a command.
     *
     * @param temperature default temperature
     */
    public static Options addTo(Options options, double temperature) {
        return options.addOption(Command.flag(
                        "base-url", "URL", "base URL of an OpenAI-compatible API (default https://api.openai.com/v1)"))
                .addOption(Command.flag("model", "NAME", "name of the model at the endpoint"))
                .addOption(Command.flag(
                        "temperature", "REAL", "sampling temperature, 0 to 2 (default " + temperature + ")"))
                .addOption(Command.flag(
                        "max-tokens",
                        "N",
                        "maximum completion tokens of a request (default " + DEFAULT_MAX_TOKENS + ")"))
                .addOption(Command.flag("timeout", "SECONDS", "of one request (default 120)"))
                .addOption(Command.flag("concurrency", "N", "concurrent requests (default 4)"))
                .addOption(Command.flag("requests-per-minute", "N", "rate limit (default no limit)"))
                .addOption(Command.flag("tokens-per-minute", "N", "rate limit (default no limit)"))
                .addOption(Command.flag(
                        "max-requests",
                        "N",
                        "request budget, shared by all runs with the same journals (default no limit)"))
                .addOption(Command.flag("max-tokens-total", "N", "token budget, shared likewise (default no limit)"))
                .addOption(Command.flag("price-in", "REAL", "price of a million prompt tokens, for the estimate"))
                .addOption(Command.flag("price-out", "REAL", "price of a million completion tokens, for the estimate"))
                .addOption(Command.flag("journal", "FILE", "journal of requests and answers (default DIR.calls.jsonl)"))
                .addOption(Command.toggle("dry-run", "print the requests and the estimate, send nothing"))
                .addOption(Command.toggle("replay", "use the answers of the journal alone, send nothing"));
    }

    /**
     * Reads the flags.
     *
     * @throws BadInputException if a flag is missing or out of range
     */
    public static LlmClientFlags of(CommandLine line, double temperature) {
        if (!line.hasOption("model")) {
            throw new BadInputException("--model is missing; name the model of the requests");
        }
        return new LlmClientFlags(
                line,
                new ChatParameters(
                        line.getOptionValue("model"),
                        Command.decimal(line, "temperature", temperature),
                        1,
                        Command.atLeast(1, line, "max-tokens", DEFAULT_MAX_TOKENS)));
    }

    /** Returns model and sampling parameters. */
    public ChatParameters settings() {
        return settings;
    }

    /**
     * Returns the journal: beside the output, or the value of {@code --journal}.
     *
     * @throws BadInputException if it is inside the output folder, which is replaced as a whole
     */
    public Path journal(Path output) {
        Path folder = output.toAbsolutePath().normalize();
        if (!line.hasOption("journal")) {
            return folder.resolveSibling(folder.getFileName() + ".calls.jsonl");
        }
        Path journal = Path.of(line.getOptionValue("journal"));
        InputPaths.requireOutside("--journal", journal, output);
        return journal;
    }

    /**
     * Reads a prompt: the file that a flag names, or a resource.
     *
     * @param owner class beside the resource
     * @throws BadInputException if the file cannot be read
     */
    public String prompt(String flag, Class<?> owner, String resource) {
        String given = line.getOptionValue(flag);
        try {
            String text = given == null ? TextFiles.resource(owner, resource) : Files.readString(Path.of(given));
            return text.strip();
        } catch (IOException e) {
            throw FileReadError.of("--" + flag + " " + given, e, "check the path");
        }
    }

    /**
     * Opens a session with journals for the requests of a command. Flags, endpoint address and journals are checked
     * here, before the first request; with {@code --dry-run} nothing is opened.
     *
     * @throws BadInputException if a flag or a journal is invalid
     */
    public RequestSession open(List<Path> journals) {
        if (line.hasOption("dry-run")) {
            return RequestSession.dryRun(line);
        }
        if (line.hasOption("replay")) {
            return RequestSession.replaying(line, journals);
        }
        Duration timeout = Duration.ofSeconds(Command.atLeast(1, line, "timeout", 120));
        return RequestSession.sending(line, journals, endpoint(timeout), limits(), timeout);
    }

    private OpenAiLlmClient endpoint(Duration timeout) {
        return new OpenAiLlmClient(
                line.getOptionValue("base-url", "https://api.openai.com/v1"),
                Objects.requireNonNullElse(System.getenv(OpenAiLlmClient.KEY_VARIABLE), ""),
                timeout);
    }

    private RequestLimits limits() {
        return new RequestLimits(
                Command.atLeast(1, line, "concurrency", 4),
                Command.atLeast(0, line, "requests-per-minute", 0),
                Command.atLeast(0, line, "tokens-per-minute", 0),
                Command.atLeast(0, line, "max-requests", 0),
                Command.atLeast(0, line, "max-tokens-total", 0));
    }
}
