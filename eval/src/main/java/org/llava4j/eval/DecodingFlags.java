package org.llava4j.eval;

import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.Command;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.SamplingOptions;

/** How answers are made, as a goal's flags say. */
public final class DecodingFlags {
    private DecodingFlags() {}

    public static Options addTo(Options options) {
        return options.addOption(
                        Command.flag("temperature", "X", "0 (default) takes the likeliest token; LLaVA's demo had 0.2"))
                .addOption(Command.flag(
                        "top-p", "X", "only the likeliest tokens that have this probability (default 1, all)"))
                .addOption(Command.flag("top-k", "N", "only so many of the likeliest tokens (default 0, all)"))
                .addOption(Command.flag(
                        "repetition-penalty", "X", "above 1, what was said becomes less likely (default 1)"))
                .addOption(Command.flag("seed", "N", "the same seed draws the same tokens (default 0)"))
                .addOption(Command.flag("max-new-tokens", "N", "longest answer (default 512)"));
    }

    /** @throws BadInputException if a number is outside its range */
    public static DecodingOptions of(CommandLine line) {
        SamplingOptions sampling = new SamplingOptions(
                Command.decimal(line, "temperature", 0),
                Command.decimal(line, "top-p", 1),
                Command.integer(line, "top-k", 0),
                Command.decimal(line, "repetition-penalty", 1),
                Command.integer(line, "seed", 0));
        int tokens = Command.integer(line, "max-new-tokens", 512);
        if (tokens < 1) {
            throw new BadInputException("--max-new-tokens is " + tokens + "; give 1 or more");
        }
        return new DecodingOptions(sampling, tokens, List.of());
    }
}
