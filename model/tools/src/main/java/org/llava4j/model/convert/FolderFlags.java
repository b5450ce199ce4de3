package org.llava4j.model.convert;

import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.jspecify.annotations.Nullable;
import org.llava4j.cli.Command;
import org.llava4j.data.BadInputException;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.folder.SaveType;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.GgufSaveType;
import org.llava4j.model.weights.WeightDtype;

/** Flags of all commands that write a model folder. */
final class FolderFlags {
    private static final Pattern SIZE = Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*(KB|MB|GB)");

    private static final String SAVE_TYPE = "save-type";
    private static final List<WeightDtype> QUANTIZATIONS = List.of(WeightDtype.Q8, WeightDtype.Q4);

    private FolderFlags() {}

    /** Adds the flags for the output folder and its format. */
    static Options addOutputFlags(Options options) {
        return addFormatFlags(addOutputFlag(options));
    }

    private static Options addOutputFlag(Options options) {
        return options.addOption(
                Command.required("output-dir", "DIR", "output folder: new, empty, or a previous output"));
    }

    /** As {@link #addOutputFlags}, for a command that can quantize. */
    static Options addQuantizingOutputFlags(Options options) {
        return addFlags(
                addOutputFlag(options),
                "float32, float16, bfloat16, or q8 or q4 (quantized); of GGUF files "
                        + GgufSaveType.names()
                        + " (default f16)");
    }

    /** The quantization given by {@code --save-type}; null for none. */
    static @Nullable WeightDtype quantization(CommandLine line) {
        String name = line.getOptionValue(SAVE_TYPE);
        return name == null
                ? null
                : QUANTIZATIONS.stream()
                        .filter(dtype -> dtype.toString().equals(name))
                        .findFirst()
                        .orElse(null);
    }

    /** Adds the format flags, for commands with another output flag. */
    static Options addFormatFlags(Options options) {
        return addFlags(options, "float32, float16 or bfloat16");
    }

    private static Options addFlags(Options options, String saveTypes) {
        return options.addOption(Command.flag(SAVE_TYPE, "TYPE", saveTypes + " (default: as stored)"))
                .addOption(Command.toggle(
                        "allow-overflow",
                        "write values that overflow a floating-point type as infinity instead of failing"))
                .addOption(Command.flag(
                        "max-shard-size", "SIZE", "maximum size of a weight file, such as 500MB (default 5GB)"));
    }

    /** @throws BadInputException if a flag is given that has no effect together with another one */
    static void rejectWith(String flag, CommandLine line, String... withoutEffect) {
        for (String other : withoutEffect) {
            if (line.hasOption(other)) {
                throw new BadInputException(
                        "--" + other + " has no effect together with --" + flag + "; remove one of them");
            }
        }
    }

    /** The dtype given by {@code --save-type} and {@code --allow-overflow}. */
    static SaveType type(CommandLine line) {
        String name = line.getOptionValue(SAVE_TYPE);
        if (quantization(line) != null) {
            throw new BadInputException("--save-type " + name + " is only supported by export; write float32, float16"
                    + " or bfloat16 here and export the result");
        }
        return new SaveType(name == null ? null : TensorType.ofTorchName(name), overflow(line));
    }

    /** The type of GGUF files given by {@code --save-type}; F16 by default. */
    static GgufSaveType ggufType(CommandLine line) {
        return GgufSaveType.of(line.getOptionValue(SAVE_TYPE, GgufSaveType.F16.toString()));
    }

    /** As {@link #type}, for a command that can quantize. */
    static SaveType typeOrQuantization(CommandLine line) {
        String name = line.getOptionValue(SAVE_TYPE);
        if (name != null && GgufSaveType.isName(name)) {
            throw new BadInputException("--save-type " + name + " is a type of GGUF files; give --layout gguf, or use"
                    + " float32, float16, bfloat16, q8 or q4");
        }
        return quantization(line) == null ? type(line) : new SaveType(null, overflow(line));
    }

    static @Nullable Consumer<String> overflow(CommandLine line) {
        return line.hasOption("allow-overflow") ? System.out::println : null;
    }

    /** Parses {@code --max-shard-size} as transformers does, with decimal units. */
    static long shardBytes(CommandLine line) {
        String text = line.getOptionValue("max-shard-size");
        if (text == null) {
            return WriteOptions.DEFAULT_SHARD_BYTES;
        }
        Matcher size = SIZE.matcher(text.toUpperCase(Locale.ROOT));
        BigDecimal bytes = size.matches()
                ? new BigDecimal(size.group(1))
                        .scaleByPowerOfTen("KMG".indexOf(size.group(2).charAt(0)) * 3 + 3)
                : BigDecimal.ZERO;
        if (bytes.signum() <= 0 || bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw new BadInputException("--max-shard-size " + text + " is not a size; give one such as 500MB or 5GB");
        }
        return bytes.longValue();
    }
}
