package org.llava4j.dist;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import org.llava4j.data.BadInputException;

/**
 * {@code llava4j}: runs a subcommand. Help, version and completion are pages that the build generates from the commands, so
 * that printing them loads no command.
 */
public final class LlavaMain {
    private static final List<String> SHELLS = List.of("bash", "zsh");

    private LlavaMain() {}

    public static void main(String... args) {
        try {
            run(LogFormat.takeFrom(List.of(args)));
        } catch (BadInputException e) {
            System.err.println("llava4j: " + e.getMessage());
            System.exit(1);
        }
    }

    private static void run(List<String> args) {
        String name = args.isEmpty() ? "--help" : args.get(0);
        List<String> rest = args.subList(Math.min(1, args.size()), args.size());
        switch (name) {
            case "--help", "-h", "help" -> printHelp(rest);
            case "--version" -> print("version.txt");
            case "completion" -> printCompletion(rest);
            default -> {
                Subcommand command = command(name);
                if (rest.contains("--help")) {
                    print(helpPage(command));
                } else {
                    command.run(rest.toArray(String[]::new));
                }
            }
        }
    }

    private static void printHelp(List<String> topic) {
        print(topic.isEmpty() ? "help.txt" : helpPage(command(topic.get(0))));
    }

    private static void printCompletion(List<String> shell) {
        if (shell.size() != 1 || !SHELLS.contains(shell.get(0))) {
            throw new BadInputException("completion needs the name of a shell: " + String.join(" or ", SHELLS));
        }
        print(completionPage(shell.get(0)));
    }

    private static Subcommand command(String name) {
        Subcommand command = Subcommand.named(name);
        if (command == null) {
            throw new BadInputException("there is no command " + name + "; llava4j --help lists all");
        }
        return command;
    }

    /** Name of the page with a command's flags. */
    static String helpPage(Subcommand command) {
        return "help-" + command.name() + ".txt";
    }

    /** Name of the page with a shell's completion script. */
    static String completionPage(String shell) {
        return "llava4j." + shell;
    }

    private static void print(String page) {
        try (InputStream in = LlavaMain.class.getResourceAsStream("pages/" + page)) {
            if (in == null) {
                throw new IllegalStateException("this build lacks the page " + page);
            }
            in.transferTo(System.out);
            System.out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
