package org.llava4j.data.llm;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileReadError;
import org.llava4j.data.InputPaths;
import org.llava4j.data.cli.Command;

/** How a goal reaches a model behind an endpoint, and what it may spend there. */
public final class LlmClientFlags {
    private final CommandLine line;
    private final ChatParameters settings;

    private LlmClientFlags(CommandLine line, ChatParameters settings) {
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
                .addOption(Command.flag(
                        "max-requests", "N", "of the whole command and all runs with its journals (default no limit)"))
                .addOption(Command.flag("max-tokens-total", "N", "likewise, in tokens (default no limit)"))
                .addOption(Command.flag("price-in", "REAL", "of a million tokens asked, for the estimate"))
                .addOption(Command.flag("price-out", "REAL", "of a million tokens answered, for the estimate"))
                .addOption(Command.flag("journal", "FILE", "every call and answer (default DIR.calls.jsonl)"))
                .addOption(Command.toggle("dry-run", "print the requests and the estimate, ask nothing"))
                .addOption(Command.toggle("replay", "take the answers of the journal alone, ask nothing"));
    }

    /** @throws BadInputException if a flag has no sense */
    public static LlmClientFlags of(CommandLine line, double temperature, int maxTokens) {
        if (!line.hasOption("model")) {
            throw new BadInputException("--model is missing; name the model that is or was asked");
        }
        return new LlmClientFlags(
                line,
                new ChatParameters(
                        line.getOptionValue("model"),
                        Command.decimal(line, "temperature", temperature),
                        1,
                        Command.atLeast(1, line, "max-tokens", maxTokens)));
    }

    /** What is asked beside the messages. */
    public ChatParameters settings() {
        return settings;
    }

    /**
     * Where calls are written: beside the output, or where {@code --journal} says.
     *
     * @throws BadInputException if that is in the output folder, which is replaced as a whole
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
     * What a model is told: the file that a flag names, or a resource.
     *
     * @param owner a class beside the resource
     * @throws BadInputException if the file cannot be read
     */
    public String prompt(String flag, Class<?> owner, String resource) {
        String given = line.getOptionValue(flag);
        try (InputStream in =
                given == null ? owner.getResourceAsStream(resource) : Files.newInputStream(Path.of(given))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw FileReadError.of("--" + flag + " " + given, e, "check the path");
        }
    }

    /**
     * Opens the journals for the calls of a command. Flags, endpoint address and journals are checked here, before the
     * first call; with {@code --dry-run} nothing is opened.
     *
     * @throws BadInputException if a flag or a journal cannot be used
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
                Optional.ofNullable(System.getenv(OpenAiLlmClient.KEY_VARIABLE)).orElse(""),
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
