package org.llava4j.dist;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.function.Consumer;
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
            case "--help", "-h", "help" -> printHelp(name, rest);
            case "--version" -> {
                refuseExtra(name, rest);
                print("version.txt");
            }
            case "completion" -> printCompletion(rest);
            case HealthCheck.NAME -> runCommand(name, rest, HealthCheck::run);
            default -> {
                Subcommand command = command(name);
                runCommand(name, rest, arguments -> command.run(arguments.toArray(String[]::new)));
            }
        }
    }

    private static void runCommand(String name, List<String> args, Consumer<List<String>> command) {
        if (asksForHelp(args)) {
            print(helpPage(name));
        } else {
            command.accept(args);
        }
    }

    /** As in all commands, {@code --help} is help at any place; as the value of a flag it is written {@code --flag=--help}. */
    private static boolean asksForHelp(List<String> args) {
        return args.contains("--help") || (!args.isEmpty() && args.get(0).equals("-h"));
    }

    private static void printHelp(String name, List<String> topic) {
        if (topic.isEmpty()) {
            print("help.txt");
            return;
        }
        String about = topic.get(0);
        refuseExtra(name + " " + about, topic.subList(1, topic.size()));
        print(helpPage(about.equals(HealthCheck.NAME) ? about : command(about).name()));
    }

    private static void refuseExtra(String before, List<String> arguments) {
        if (!arguments.isEmpty()) {
            throw new BadInputException(before + " takes no further argument, got " + String.join(" ", arguments));
        }
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
    static String helpPage(String command) {
        return "help-" + command + ".txt";
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
