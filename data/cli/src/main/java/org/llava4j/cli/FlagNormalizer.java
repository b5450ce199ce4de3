package org.llava4j.cli;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.jspecify.annotations.Nullable;

/**
 * Normalization of command-line arguments before they are parsed. Hidden aliases ({@link Command#alias}) are replaced by
 * the current flag names. If a flag is repeated, the last value counts, as in Python's argparse; LLaVA's scripts rely
 * on this. Repeatable flags keep all values.
 */
final class FlagNormalizer {
    /** Type of repeatable options. */
    static final Class<?> REPEATABLE = List.class;

    private FlagNormalizer() {}

    /**
     * Returns the arguments with current flag names and without overridden values. A repeated flag takes the position
     * of its last occurrence.
     *
     * @param warn receives one line for each flag that is repeated with different values
     */
    static List<String> normalize(Options options, List<String> args, Consumer<String> warn) {
        Map<String, List<String>> tokensByFlag = new LinkedHashMap<>();
        Map<String, Integer> repeatCounts = new LinkedHashMap<>();
        Set<String> differing = new HashSet<>();
        int at = 0;
        while (at < args.size()) {
            Option option = option(options, args.get(at));
            int end = at + (takesNext(option, args, at) ? 2 : 1);
            List<String> tokens = withCurrentName(option, args.subList(at, end));
            String key =
                    option == null || option.getType() == REPEATABLE ? at + " " + args.get(at) : option.getLongOpt();
            List<String> overridden = tokensByFlag.remove(key);
            if (overridden != null) {
                repeatCounts.merge(key, 1, Integer::sum);
                if (!value(overridden).equals(value(tokens))) {
                    differing.add(key);
                }
            }
            tokensByFlag.put(key, tokens);
            at = end;
        }
        repeatCounts.forEach((key, repeats) -> {
            if (differing.contains(key)) {
                warn.accept("--" + key + " is given " + (repeats + 1) + " times; the last one counts: "
                        + value(Objects.requireNonNull(tokensByFlag.get(key))));
            }
        });
        List<String> normalized = new ArrayList<>();
        tokensByFlag.values().forEach(normalized::addAll);
        return normalized;
    }

    private static boolean takesNext(@Nullable Option option, List<String> args, int at) {
        return option != null
                && option.hasArg()
                && args.get(at).indexOf('=') < 0
                && at + 1 < args.size()
                && !args.get(at + 1).startsWith("--");
    }

    /** Returns the option with this name or alias, after one or two dashes; null if it is unknown. */
    private static @Nullable Option option(Options options, String arg) {
        if (!arg.startsWith("-")) {
            return null;
        }
        String name = name(arg);
        Option option = options.getOption(name);
        return option != null
                ? option
                : options.getOptions().stream()
                        .filter(each -> FlagAlias.has(each, name))
                        .findFirst()
                        .orElse(null);
    }

    private static String name(String arg) {
        String name = arg.replaceFirst("^--?", "");
        int equals = name.indexOf('=');
        return equals < 0 ? name : name.substring(0, equals);
    }

    private static List<String> withCurrentName(@Nullable Option option, List<String> tokens) {
        String flag = tokens.get(0);
        if (option == null || !FlagAlias.has(option, name(flag))) {
            return tokens;
        }
        List<String> renamed = new ArrayList<>(tokens);
        int equals = flag.indexOf('=');
        renamed.set(0, "--" + option.getLongOpt() + (equals < 0 ? "" : flag.substring(equals)));
        return renamed;
    }

    private static String value(List<String> tokens) {
        String flag = tokens.get(0);
        return tokens.size() > 1 ? tokens.get(1) : flag.substring(flag.indexOf('=') + 1);
    }
}
