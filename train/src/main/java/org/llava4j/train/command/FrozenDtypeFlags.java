package org.llava4j.train.command;

import static org.llava4j.cli.Command.flag;

import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.model.weights.WeightDtype;

/** The flags of the frozen weights' dtype: {@code --frozen-dtype}, and {@code --bits} of LLaVA's QLoRA script. */
final class FrozenDtypeFlags {
    private static final String DTYPE_NAME = "frozen-dtype";
    private static final String BITS_NAME = "bits";

    private FrozenDtypeFlags() {}

    static void add(Options options) {
        options.addOption(
                        flag(
                                DTYPE_NAME,
                                "TYPE",
                                "dtype of frozen matrices in memory: fp32 (default), bf16, fp16, q8, q4, or stored (as the files have them)"))
                .addOption(flag(BITS_NAME, "N", "4 or 8: as --frozen-dtype q4 or q8; 16: as bf16"));
    }

    /**
     * The dtype that a command line asks for; fp32 by default.
     *
     * @throws BadInputException if it is unknown, or both flags are present
     */
    static WeightDtype of(CommandLine line) {
        if (!line.hasOption(BITS_NAME)) {
            return WeightDtype.forFrozenWeights(line.getOptionValue(DTYPE_NAME, WeightDtype.FP32.toString()));
        }
        if (line.hasOption(DTYPE_NAME)) {
            throw new BadInputException("--" + BITS_NAME + " and --" + DTYPE_NAME + " are both present; give one");
        }
        String bits = line.getOptionValue(BITS_NAME);
        return switch (bits) {
            case "4" -> WeightDtype.Q4;
            case "8" -> WeightDtype.Q8;
            case "16" -> WeightDtype.BF16;
            default -> throw new BadInputException("--" + BITS_NAME + " " + bits + " is not supported; use 4, 8 or 16");
        };
    }
}
