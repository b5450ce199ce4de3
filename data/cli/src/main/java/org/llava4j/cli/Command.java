package org.llava4j.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.apache.commons.cli.ParseException;
import org.apache.commons.cli.help.HelpFormatter;
import org.apache.commons.cli.help.TextHelpAppendable;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileReadError;
import org.llava4j.data.memory.NativeMemory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Command-line command on top of an API that Java code can call directly. Flags are kebab-case; {@code --help} lists
 * them. Invalid input prints one line on stderr and ends with exit code 1.
 */
public abstract class Command {
    private static final Logger LOG = LoggerFactory.getLogger(Command.class);
    private static final int WIDTH = 100;
    private static final String HELP = "--help";
    private static final String LIST_SUFFIX = ",...";
    /** Argument names of flags whose values are files or folders. */
    private static final Set<String> PATHS = Set.of("DIR", "FILE", "PATH");

    private final String name;
    private final String summary;

    /**
     * @param name name of the command in help and messages
     * @param summary description for {@code --help}
     */
    protected Command(String name, String summary) {
        this.name = name;
        this.summary = summary;
    }

    /** The flags, without {@code --help}. */
    protected abstract Options options();

    /** The flags with their current names, for checks of the documentation. */
    public final Collection<Option> flags() {
        return options().getOptions();
    }

    /** Runs the command. */
    protected abstract void run(CommandLine line);

    /**
     * Runs the command as a process; the body of every {@code main}. If the command fails, this JVM exits with a
     * non-zero code, so that neither a Maven report nor a stack trace follows its one-line message. If this JVM does
     * not have the Vector API, the command runs in a child JVM that has it.
     *
     * <p>With the system property {@code llava4j.inProcess=true} it is {@link #invoke}, for callers of a {@code main}
     * that continue after it, such as tests.
     */
    public final void execute(String... args) {
        if (Boolean.getBoolean("llava4j.inProcess")) {
            invoke(args);
            return;
        }
        try {
            if (VectorJvm.isThis() || List.of(args).contains(HELP)) {
                VectorJvm.endWithParent();
                invoke(args);
            } else {
                exit(VectorJvm.run(name, getClass(), List.of(args)));
            }
        } catch (CommandFailedException e) {
            exit(1);
        } catch (BadInputException e) { // from the child JVM: a command itself throws CommandFailedException
            System.err.println(name + ": " + e.getMessage());
            exit(1);
        }
    }

    /** Exits this JVM with an error code, unless a signal is already ending it and waits for this thread. */
    private static void exit(int code) {
        if (code == 0) {
            return;
        }
        try {
            Runtime.getRuntime().removeShutdownHook(new Thread());
        } catch (IllegalStateException e) {
            return; // the JVM is shutting down
        }
        System.exit(code);
    }

    /**
     * Runs the command in this JVM.
     *
     * @throws CommandFailedException if it fails; its message was printed on stderr
     */
    public final void invoke(String... args) {
        NativeMemory.configure();
        try {
            if (List.of(args).contains(HELP)) {
                PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
                out.print(help(""));
                out.flush();
            } else {
                run(parse(args));
            }
        } catch (BadInputException e) {
            String memory = e.getMessage().contains(OutOfMemory.NAME) ? null : OutOfMemory.report(e);
            throw fail(e.getMessage() + (memory == null ? "" : "; " + memory));
        } catch (RuntimeException | Error e) {
            String report = OutOfMemory.report(e);
            if (report == null) {
                throw e;
            }
            throw fail(report);
        }
    }

    /**
     * Parses flags without running the command; if a flag is repeated, the last value counts.
     *
     * @throws BadInputException if a flag is unknown, or a required flag or value is missing
     */
    public final CommandLine parse(String... args) {
        try {
            CommandLine line = new DefaultParser(false).parse(options(), lastOccurrences(args));
            if (!line.getArgList().isEmpty()) {
                throw new BadInputException(
                        "unknown argument " + line.getArgList().get(0) + "; see --help");
            }
            return line;
        } catch (ParseException e) {
            throw new BadInputException(e.getMessage() + "; see --help", e);
        }
    }

    /** Replaces former flag names by current ones and removes repeated flags; see {@link FlagNormalizer}. */
    public final String[] lastOccurrences(String... args) {
        return FlagNormalizer.normalize(options(), List.of(args), warning -> LOG.warn("{}: {}", name, warning))
                .toArray(String[]::new);
    }

    /** Converts parsed flags back into arguments with absolute paths, so that they are valid in another process. */
    public static List<String> arguments(CommandLine line) {
        List<String> arguments = new ArrayList<>();
        for (Option option : line.getOptions()) {
            arguments.add("--" + option.getLongOpt());
            if (option.hasArg() && option.getValue() != null) {
                arguments.add(absolute(option.getValue(), option.getArgName()));
            }
        }
        return arguments;
    }

    private static String absolute(String value, String kind) {
        if (PATHS.contains(kind)) {
            return Path.of(value).toAbsolutePath().normalize().toString();
        }
        boolean isList =
                kind.endsWith(LIST_SUFFIX) && PATHS.contains(kind.substring(0, kind.length() - LIST_SUFFIX.length()));
        return isList
                ? Arrays.stream(value.split(","))
                        .map(each -> absolute(each.strip(), "PATH"))
                        .collect(Collectors.joining(","))
                : value;
    }

    private CommandFailedException fail(String message) {
        System.err.println(name + ": " + message);
        return new CommandFailedException(name + ": " + message);
    }

    /**
     * The text of {@code --help}.
     *
     * @param program what the command line begins with, before the name of the command; may be empty
     */
    public final String help(String program) {
        Options options = options()
                .addOption(Option.builder()
                        .longOpt(HELP.substring(2))
                        .desc("print this help")
                        .get());
        StringWriter out = new StringWriter();
        TextHelpAppendable text = new TextHelpAppendable(out);
        text.setMaxWidth(WIDTH);
        try {
            HelpFormatter.builder()
                    .setHelpAppendable(text)
                    .setShowSince(false)
                    .get()
                    .printHelp(program + name + " [flags]", summary, options, "", false);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toString();
    }

    /** A flag with a value. */
    public static Option flag(String name, String argument, String description) {
        return builder(name, argument, description).hasArg().get();
    }

    /** A required flag with a value. */
    public static Option required(String name, String argument, String description) {
        return builder(name, argument, description).hasArg().required().get();
    }

    /** A flag with a value that may be repeated; all values count. */
    public static Option repeatable(String name, String argument, String description) {
        return builder(name, argument, description)
                .hasArgs()
                .numberOfArgs(1)
                .type(FlagNormalizer.REPEATABLE)
                .get();
    }

    private static Option.Builder builder(String name, String argument, String description) {
        return Option.builder().longOpt(name).argName(argument).desc(description);
    }

    /**
     * A flag with hidden aliases: former names that are still accepted, but that {@code --help} does not list.
     *
     * @param option the flag with its current name
     * @param formerNames names that the flag once had, without dashes
     */
    public static Option alias(Option option, String... formerNames) {
        return new FlagAlias(option, formerNames);
    }

    /** A boolean flag without a value. */
    public static Option toggle(String name, String description) {
        return Option.builder().longOpt(name).desc(description).get();
    }

    /** A boolean flag whose value may be left out for true, as those of Hugging Face's commands. */
    public static Option bool(String name, String description) {
        return builder(name, "BOOL", description).hasArg().optionalArg(true).get();
    }

    /**
     * The value of a boolean flag that the line has.
     *
     * @throws BadInputException if it is neither true nor false, in any case
     */
    public static boolean isTrue(CommandLine line, String flag) {
        String value = line.getOptionValue(flag, "true");
        if (!value.equalsIgnoreCase("true") && !value.equalsIgnoreCase("false")) {
            throw new BadInputException("--" + flag + " is " + value + "; use true or false, or leave it out for true");
        }
        return value.equalsIgnoreCase("true");
    }

    /** The path of a flag that is required, or that the line is known to have. */
    protected static Path path(CommandLine line, String flag) {
        return Path.of(line.getOptionValue(flag));
    }

    /**
     * The path of a flag that is not required.
     *
     * @return the path, or null if the flag is not given
     */
    public static @Nullable Path optionalPath(CommandLine line, String flag) {
        String value = line.getOptionValue(flag);
        return value == null ? null : Path.of(value);
    }

    /**
     * The path of a flag, if it exists.
     *
     * @throws BadInputException if it does not
     */
    public static Path existing(String flag, Path path) {
        FileReadError.requireAccessible(path);
        if (!Files.exists(path)) {
            throw new BadInputException(
                    "--" + flag + " " + path + " does not exist; " + FileReadError.missingAdvice(path));
        }
        return path;
    }

    /**
     * The integer value of a flag, or {@code absent}.
     *
     * @throws BadInputException if it is not an integer
     */
    public static int integer(CommandLine line, String flag, int absent) {
        String value = line.getOptionValue(flag);
        try {
            return value == null ? absent : Integer.parseInt(value);
        } catch (NumberFormatException e) {
            throw new BadInputException("--" + flag + " must be an integer, got " + value, e);
        }
    }

    /**
     * The integer value of a flag, at least {@code least}.
     *
     * @throws BadInputException if it is not an integer or too small
     */
    public static int atLeast(int least, CommandLine line, String flag, int absent) {
        int value = integer(line, flag, absent);
        if (value < least) {
            throw new BadInputException("--" + flag + " is " + value + "; it must be at least " + least);
        }
        return value;
    }

    /**
     * The numeric value of a flag, or {@code absent}.
     *
     * @throws BadInputException if it is not a number
     */
    public static double decimal(CommandLine line, String flag, double absent) {
        String value = line.getOptionValue(flag);
        try {
            return value == null ? absent : Double.parseDouble(value);
        } catch (NumberFormatException e) {
            throw new BadInputException("--" + flag + " must be a number, got " + value, e);
        }
    }
}
