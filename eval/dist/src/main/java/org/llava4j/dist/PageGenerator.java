package org.llava4j.dist;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.cli.RecordExecutor;

/** Generates help, version and completion from the commands while the distribution is built. */
final class PageGenerator {
    private PageGenerator() {}

    /** @param args folder of the pages, version of the distribution */
    public static void main(String... args) throws IOException {
        Path folder = Path.of(args[0]);
        Files.createDirectories(folder);
        for (Map.Entry<String, String> page : pages(args[1]).entrySet()) {
            Files.writeString(folder.resolve(page.getKey()), page.getValue());
        }
    }

    /** Contents by file name. */
    static Map<String, String> pages(String version) {
        Map<String, Command> commands = new LinkedHashMap<>();
        Subcommand.ALL.forEach(subcommand -> commands.put(subcommand.name(), create(subcommand)));
        commands.put(HealthCheck.NAME, new HealthFlags());
        Map<String, Collection<Option>> flags = new LinkedHashMap<>();
        Map<String, String> pages = new LinkedHashMap<>();
        commands.forEach((name, command) -> {
            flags.put(name, command.flags());
            pages.put(LlavaMain.helpPage(name), command.help("llava4j "));
        });
        pages.put("help.txt", overview(version));
        pages.put("version.txt", "llava4j " + version + "\n");
        pages.put(LlavaMain.completionPage("bash"), CompletionScripts.bash(flags));
        pages.put(LlavaMain.completionPage("zsh"), CompletionScripts.zsh(flags));
        return pages;
    }

    private static String overview(String version) {
        StringBuilder text = new StringBuilder("LLaVA4J " + version
                + " trains and serves LLaVA vision-language models.\n\n"
                + "usage: llava4j COMMAND [flags]\n"
                + "       llava4j help COMMAND\n"
                + "       llava4j health [--port N | --url URL]\n"
                + "       llava4j completion bash|zsh\n"
                + "       llava4j --version\n");
        for (Subcommand.Group group : Subcommand.Group.values()) {
            text.append("\n").append(group.title()).append("\n");
            Subcommand.ALL.stream()
                    .filter(command -> command.group() == group)
                    .forEach(command -> text.append(String.format("  %-22s %s%n", command.name(), command.summary())));
        }
        return text.append(
                        "\nAll commands accept " + LogFormat.FLAG + " text|json, the format of log lines on stderr.\n")
                .toString();
    }

    /** Creates a command as its {@code main} does: with its stage, with an executor, or with nothing. */
    private static Command create(Subcommand subcommand) {
        try {
            Class<?> type = Class.forName(subcommand.mainClass());
            if (subcommand.stage() != null) {
                return create(type.getDeclaredConstructor(String.class), subcommand.stage());
            }
            return hasExecutor(type)
                    ? create(type.getDeclaredConstructor(RecordExecutor.class), RecordExecutor.LOCAL)
                    : create(type.getDeclaredConstructor());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(subcommand.mainClass() + " is not the class of a command", e);
        }
    }

    private static boolean hasExecutor(Class<?> type) {
        return Arrays.stream(type.getDeclaredConstructors())
                .anyMatch(
                        constructor -> List.of(constructor.getParameterTypes()).equals(List.of(RecordExecutor.class)));
    }

    private static Command create(Constructor<?> constructor, Object... arguments) throws ReflectiveOperationException {
        constructor.setAccessible(true);
        return (Command) constructor.newInstance(arguments);
    }

    /** The flags of {@link HealthCheck}, which parses them without a library. */
    private static final class HealthFlags extends Command {
        HealthFlags() {
            super(
                    HealthCheck.NAME,
                    "Asks a running server for its state: exit code 0 if it is healthy, else 1 and a line on stderr.");
        }

        @Override
        protected Options options() {
            return new Options()
                    .addOption(flag("port", "N", "port of a server on this machine (default 8080)"))
                    .addOption(flag("url", "URL", "address of the server instead, such as https://llava.example.org"));
        }

        @Override
        protected void run(CommandLine line) {
            throw new UnsupportedOperationException("HealthCheck runs it");
        }
    }
}
