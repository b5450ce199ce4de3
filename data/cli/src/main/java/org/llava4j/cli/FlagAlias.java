package org.llava4j.cli;

import java.util.List;
import org.apache.commons.cli.Option;

/**
 * Flag with hidden aliases: former names that are still accepted, but that {@code --help} does not list. See
 * {@link Command#alias}.
 */
final class FlagAlias extends Option {
    private static final long serialVersionUID = 1L;

    private final String[] formerNames;

    FlagAlias(Option option, String... formerNames) {
        super(null, option.getLongOpt(), option.hasArg(), option.getDescription());
        setArgs(option.getArgs());
        setArgName(option.getArgName());
        setRequired(option.isRequired());
        setType((Class<?>) option.getType());
        this.formerNames = formerNames.clone();
    }

    /** Whether an option has a former name. */
    static boolean has(Option option, String formerName) {
        return option instanceof FlagAlias alias && List.of(alias.formerNames).contains(formerName);
    }
}
