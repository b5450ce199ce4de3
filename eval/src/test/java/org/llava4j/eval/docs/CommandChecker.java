package org.llava4j.eval.docs;

import java.lang.reflect.Constructor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.commons.cli.Option;
import org.llava4j.cli.Command;
import org.llava4j.data.BadInputException;
import org.llava4j.eval.docs.Checkout.Execution;

/** Checks a command of the docs against the poms and the flags of the command, without running it. */
final class CommandChecker {
    private static final Pattern EXECUTION = Pattern.compile("exec:java@(\\S+)");
    private static final Pattern OPTIONAL = Pattern.compile("\\[[^\\]]*\\]");
    private static final Pattern LOG_FORMAT = Pattern.compile("--log-format \\S+");
    private static final Pattern TEST_CLASS = Pattern.compile("[A-Z][a-z]\\w*");
    private static final Set<String> SWITCHES = Set.of("-q", "-B", "-o", "-ntp", "-am");
    private static final String ARGUMENTS = "-Dexec.args=";
    private static final String TEST = "-Dtest=";
    private static final String PLACEHOLDER = "COMMAND";

    private final Checkout checkout;
    private final Map<String, Command> commands = new LinkedHashMap<>();

    CommandChecker(Checkout checkout) {
        this.checkout = checkout;
    }

    /** Long names of the flags of all commands, without hidden aliases. */
    Set<String> flags() {
        Set<String> flags = new TreeSet<>(Set.of("help", "version", "log-format"));
        checkout.executions().keySet().forEach(id -> flags.addAll(names(command(id))));
        return flags;
    }

    /** What is wrong with a command line; empty if nothing is. */
    List<String> problems(String line) {
        List<String> words = ShellText.words(line);
        List<String> rest = words.subList(1, words.size());
        return switch (words.get(0)) {
            case "mvn" -> maven(rest);
            case "spark-submit" -> spark(rest);
            default -> distribution(rest);
        };
    }

    private List<String> maven(List<String> words) {
        List<String> problems = new ArrayList<>();
        List<String> modules = checkout.modules();
        List<String> goals = new ArrayList<>();
        String profileGoals = "";
        String arguments = "";
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            if (word.equals("-pl")) {
                modules = List.of(words.get(++i).split(",", -1));
                modules.stream()
                        .filter(module -> !checkout.modules().contains(module))
                        .forEach(module -> problems.add("there is no module " + module));
            } else if (word.equals("-f")) {
                requireFile(words.get(++i), problems);
            } else if (word.startsWith("-P")) {
                for (String profile : word.substring(2).split(",", -1)) {
                    String goal = checkout.profiles().get(profile.replaceFirst("^[-!]", ""));
                    if (goal == null) {
                        problems.add("there is no profile " + profile);
                    } else {
                        profileGoals += goal;
                    }
                }
            } else if (word.startsWith(ARGUMENTS)) {
                arguments = word.substring(ARGUMENTS.length());
            } else if (word.startsWith(TEST)) {
                requireTest(word.substring(TEST.length()), problems);
            } else if (!word.startsWith("-")) {
                goals.add(word);
            } else if (!word.startsWith("-D") && !SWITCHES.contains(word)) {
                problems.add("Maven has no option " + word);
            }
        }
        Matcher id = EXECUTION.matcher(goals.isEmpty() ? profileGoals : String.join(" ", goals));
        if (id.find()) {
            problems.addAll(execution(id.group(1), modules, arguments));
        } else if (goals.isEmpty() && profileGoals.isEmpty()) {
            problems.add("no goal is given");
        }
        return problems;
    }

    /** Flags of {@code spark-submit} are Spark's; what follows the jar is a command of ours with its flags. */
    private List<String> spark(List<String> words) {
        int jar = 0;
        while (jar < words.size() && !words.get(jar).endsWith("-all.jar")) {
            jar++;
        }
        if (jar >= words.size() - 1) {
            return List.of("a jar and a command must follow the flags of spark-submit");
        }
        String id = words.get(jar + 1);
        String arguments = String.join(" ", words.subList(jar + 2, words.size()));
        return id.equals(PLACEHOLDER) ? List.of() : execution(id, checkout.modules(), arguments);
    }

    /** {@code llava4j} has flags and subcommands of its own beside the commands. */
    private List<String> distribution(List<String> words) {
        List<String> own = List.of("health", "help", "completion", "--help", "--version");
        String rest = LOG_FORMAT.matcher(String.join(" ", words)).replaceAll("").strip();
        String[] parts = rest.split(" ", 2);
        return own.contains(parts[0]) || parts[0].equals(PLACEHOLDER)
                ? List.of()
                : execution(parts[0], checkout.modules(), parts.length == 1 ? "" : parts[1]);
    }

    private List<String> execution(String id, List<String> modules, String arguments) {
        Execution execution = checkout.executions().get(id);
        if (execution == null) {
            return List.of("there is no command " + id);
        }
        if (!modules.contains(execution.module())) {
            return List.of(id + " is a command of " + execution.module() + ", not of " + String.join(", ", modules));
        }
        Set<String> problems = new TreeSet<>();
        for (String variant : List.of(
                OPTIONAL.matcher(arguments).replaceAll(" "),
                arguments.replace('[', ' ').replace(']', ' '))) {
            problems.addAll(arguments(command(id), ShellText.words(variant)));
        }
        return List.copyOf(problems);
    }

    private List<String> arguments(Command command, List<String> arguments) {
        List<String> problems = new ArrayList<>();
        arguments.stream()
                .filter(argument -> argument.startsWith("resources/"))
                .forEach(file -> requireFile(file, problems));
        try {
            command.parse(arguments.toArray(String[]::new));
            Set<String> current = names(command);
            arguments.stream()
                    .filter(argument -> argument.startsWith("--") && !current.contains(argument.substring(2)))
                    .forEach(argument -> problems.add(argument + " is a former name; use the current one"));
        } catch (BadInputException e) {
            problems.add(e.getMessage());
        }
        return problems;
    }

    private static Set<String> names(Command command) {
        return command.flags().stream().map(Option::getLongOpt).collect(Collectors.toSet());
    }

    private void requireFile(String file, List<String> problems) {
        if (!checkout.has(file)) {
            problems.add("there is no file " + file);
        }
    }

    private void requireTest(String test, List<String> problems) {
        if (TEST_CLASS.matcher(test).matches() && !checkout.classes().contains(test)) {
            problems.add("there is no test " + test);
        }
    }

    private Command command(String id) {
        return commands.computeIfAbsent(
                id, unused -> create(checkout.executions().get(id)));
    }

    /** Makes a command as its {@code main} does, except for the backend that it would run on. */
    private static Command create(Execution execution) {
        try {
            Constructor<?> constructor = Arrays.stream(
                            Class.forName(execution.mainClass()).getDeclaredConstructors())
                    .min(Comparator.comparingInt(Constructor::getParameterCount))
                    .orElseThrow();
            constructor.setAccessible(true);
            Object[] arguments = Arrays.stream(constructor.getParameterTypes())
                    .map(type -> type == String.class ? execution.property() : null)
                    .toArray();
            return (Command) constructor.newInstance(arguments);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(execution.mainClass() + " is no command", e);
        }
    }
}
