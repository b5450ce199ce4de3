package org.llava4j.train.command;

import static org.llava4j.cli.Command.bool;
import static org.llava4j.cli.Command.flag;
import static org.llava4j.cli.Command.isTrue;

import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.data.BadInputException;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.train.run.QuantizedBase;

/**
 * The flags of the frozen weights' dtype: {@code --frozen-dtype}, and those of LLaVA's QLoRA script. Of these, only
 * {@code --bits} has an effect; the formats of the others are not supported.
 */
final class FrozenDtypeFlags {
    private static final String DTYPE_NAME = "frozen-dtype";
    private static final String BITS_NAME = "bits";
    private static final String QUANT_TYPE_NAME = "quant-type";
    private static final String DOUBLE_QUANT_NAME = "double-quant";

    /** What is done instead of the values of LLaVA's flags. */
    private static final String FORMAT =
            "q4 (--bits 4) stores integers of 4 bits in groups of 32 with one fp16 scale each; leave the flag out";

    private FrozenDtypeFlags() {}

    static void add(Options options) {
        options.addOption(flag(
                        DTYPE_NAME,
                        "TYPE",
                        "dtype of frozen matrices in memory: fp32 (default), bf16, fp16, q8, q4, or stored (as the"
                                + " files have them); the default of a quantized model is its own"))
                .addOption(flag(BITS_NAME, "N", "4 or 8: as --frozen-dtype q4 or q8; 16: as bf16"))
                .addOption(Command.alias(
                        flag(QUANT_TYPE_NAME, "TYPE", "LLaVA's nf4 and fp4 are not supported and refused"),
                        "quant_type"))
                .addOption(Command.alias(
                        bool(DOUBLE_QUANT_NAME, "false; LLaVA's quantized scales are not supported"), "double_quant"));
    }

    /**
     * The dtype that a command line asks for; by default that of a quantized model, fp32 of others.
     *
     * @param model the model folder
     * @throws BadInputException if it is unknown or not supported, or both flags are present
     */
    static WeightDtype of(CommandLine line, Path model) {
        requireSupported(line);
        if (!line.hasOption(BITS_NAME)) {
            String name = line.getOptionValue(DTYPE_NAME);
            return name == null ? QuantizedBase.defaultFrozenDtype(model) : WeightDtype.forFrozenWeights(name);
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

    private static void requireSupported(CommandLine line) {
        if (line.hasOption(QUANT_TYPE_NAME)) {
            throw new BadInputException("--" + QUANT_TYPE_NAME + " " + line.getOptionValue(QUANT_TYPE_NAME)
                    + " is not supported: " + FORMAT);
        }
        if (line.hasOption(DOUBLE_QUANT_NAME) && isTrue(line, DOUBLE_QUANT_NAME)) {
            throw new BadInputException("--" + DOUBLE_QUANT_NAME + " " + line.getOptionValue(DOUBLE_QUANT_NAME, "true")
                    + " is not supported: " + FORMAT);
        }
    }
}
