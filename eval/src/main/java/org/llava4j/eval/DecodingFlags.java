package org.llava4j.eval;

import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.data.BadInputException;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.SamplingOptions;

/** Flags for the decoding parameters: sampling and answer length. */
public final class DecodingFlags {
    private DecodingFlags() {}

    /** Adds the decoding flags. */
    public static Options addTo(Options options) {
        return options.addOption(Command.flag(
                        "temperature",
                        "X",
                        "sampling temperature; 0 (default) decodes greedily, LLaVA's demo uses 0.2"))
                .addOption(Command.flag(
                        "top-p",
                        "X",
                        "nucleus sampling: smallest set of tokens with this total probability (default 1, all)"))
                .addOption(Command.flag("top-k", "N", "sample from the N most probable tokens (default 0, all)"))
                .addOption(Command.flag(
                        "repetition-penalty",
                        "X",
                        "values above 1 make tokens that occurred less probable (default 1)"))
                .addOption(Command.flag("seed", "N", "random seed of sampling (default 0)"))
                .addOption(Command.flag("max-new-tokens", "N", "maximum number of generated tokens (default 512)"));
    }

    /**
     * Reads the decoding parameters.
     *
     * @throws BadInputException if a value is outside its range
     */
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
