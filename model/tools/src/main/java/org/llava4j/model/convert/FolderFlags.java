package org.llava4j.model.convert;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.data.BadInputException;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.folder.SaveType;
import org.llava4j.model.tensors.TensorType;

/** Flags of all commands that write a model folder. */
final class FolderFlags {
    private static final Pattern SIZE = Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*(KB|MB|GB)");

    private FolderFlags() {}

    /** Adds the flags for the output folder and its format. */
    static Options addOutputFlags(Options options) {
        return addFormatFlags(options.addOption(
                Command.required("output-dir", "DIR", "output folder: new, empty, or a previous output")));
    }

    /** Adds the format flags, for commands with another output flag. */
    static Options addFormatFlags(Options options) {
        return options.addOption(Command.flag("save-type", "TYPE", "float32, float16 or bfloat16 (default: as stored)"))
                .addOption(Command.toggle(
                        "allow-overflow", "write values that overflow the type as infinity instead of failing"))
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
        String name = line.getOptionValue("save-type");
        return new SaveType(
                name == null ? null : TensorType.ofTorchName(name),
                line.hasOption("allow-overflow") ? System.out::println : null);
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
