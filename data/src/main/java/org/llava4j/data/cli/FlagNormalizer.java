package org.llava4j.data.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

/**
 * Rule for flags that are given more than once: the last occurrence counts, as with Python's argparse, on which LLaVA's
 * scripts rely. Flags that may be given several times keep all occurrences.
 */
final class FlagNormalizer {
    /** Type of the options that keep all occurrences. */
    static final Class<?> REPEATABLE = List.class;

    private FlagNormalizer() {}

    /**
     * Arguments without the occurrences that do not count, the others in their order.
     *
     * @param warn receives one line for each flag whose occurrences have different values
     */
    static List<String> normalize(Options options, List<String> args, Consumer<String> warn) {
        Map<String, List<String>> kept = new LinkedHashMap<>();
        Map<String, Integer> counts = new LinkedHashMap<>();
        Map<String, Boolean> differ = new LinkedHashMap<>();
        int at = 0;
        while (at < args.size()) {
            Option option = option(options, args.get(at));
            int end = at + (takesNext(option, args, at) ? 2 : 1);
            List<String> tokens = args.subList(at, end);
            boolean single = option != null && option.getType() != REPEATABLE;
            String key = single ? option.getLongOpt() : at + " " + args.get(at);
            List<String> before = kept.remove(key);
            if (before != null) {
                counts.merge(key, 1, Integer::sum);
                differ.merge(key, !value(before).equals(value(tokens)), Boolean::logicalOr);
            }
            kept.put(key, tokens);
            at = end;
        }
        counts.forEach((key, repeats) -> {
            if (differ.get(key)) {
                warn.accept("--" + key + " is given " + (repeats + 1) + " times; the last one counts: "
                        + value(kept.get(key)));
            }
        });
        List<String> all = new ArrayList<>();
        kept.values().forEach(all::addAll);
        return all;
    }

    private static boolean takesNext(Option option, List<String> args, int at) {
        return option != null
                && option.hasArg()
                && args.get(at).indexOf('=') < 0
                && at + 1 < args.size()
                && !args.get(at + 1).startsWith("--");
    }

    /** The flag that an argument names, with one dash or two; null if it names none. */
    private static Option option(Options options, String arg) {
        if (!arg.startsWith("-")) {
            return null;
        }
        String name = arg.replaceFirst("^--?", "");
        int equals = name.indexOf('=');
        return options.getOption(equals < 0 ? name : name.substring(0, equals));
    }

    private static String value(List<String> tokens) {
        String flag = tokens.get(0);
        return tokens.size() > 1 ? tokens.get(1) : flag.substring(flag.indexOf('=') + 1);
    }
}
