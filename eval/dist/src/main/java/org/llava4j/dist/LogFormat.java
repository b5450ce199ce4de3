package org.llava4j.dist;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;

/** Format of log lines: the flag {@code --log-format} of all commands, or an environment variable. */
enum LogFormat {
    /** Time, level, logger, message. */
    TEXT,
    /** One JSON object. */
    JSON;

    static final String FLAG = "--log-format";
    static final String VARIABLE = "LLAVA4J_LOG_FORMAT";
    /** Set by the flag; commands pass it on to their child processes. */
    private static final String PROPERTY = "llava4j.log.format";

    /**
     * Selects the format that a command line names; must be called before the first logger is created.
     *
     * @return the arguments without the flag
     * @throws BadInputException if flag or variable name no format
     */
    static List<String> takeFrom(List<String> args) {
        List<String> rest = new ArrayList<>();
        String format = System.getenv(VARIABLE);
        String origin = VARIABLE;
        for (int i = 0; i < args.size(); i++) {
            String argument = args.get(i);
            if (argument.equals(FLAG) || argument.startsWith(FLAG + "=")) {
                origin = FLAG;
                format = argument.contains("=")
                        ? argument.substring(FLAG.length() + 1)
                        : i + 1 < args.size() ? args.get(++i) : "";
            } else {
                rest.add(argument);
            }
        }
        if (format != null && !(format.isEmpty() && origin.equals(VARIABLE))) {
            System.setProperty(PROPERTY, parse(origin, format).optionName());
        }
        return rest;
    }

    /** The format of this process. */
    static LogFormat current() {
        return parse(PROPERTY, System.getProperty(PROPERTY));
    }

    private static LogFormat parse(String origin, @Nullable String name) {
        if (name == null) {
            return TEXT;
        }
        return Arrays.stream(values())
                .filter(format -> format.optionName().equals(name))
                .findFirst()
                .orElseThrow(() -> new BadInputException(origin + " must be text or json, got " + name));
    }

    private String optionName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
