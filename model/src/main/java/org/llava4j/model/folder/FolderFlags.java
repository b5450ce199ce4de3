package org.llava4j.model.folder;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.Command;
import org.llava4j.data.tensors.TensorType;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;

/** The flags of all goals that write a model folder. */
final class FolderFlags {
    private static final Pattern SIZE = Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*(KB|MB|GB)");

    private FolderFlags() {}

    /** Where to write, and how. */
    static Options addOutputFlags(Options options) {
        return addFormatFlags(options.addOption(
                Command.required("output-dir", "DIR", "the folder to write: new, empty, or a former output")));
    }

    /** How the weights are written, where they go to another flag's folder. */
    static Options addFormatFlags(Options options) {
        return options.addOption(
                        Command.flag("save-type", "TYPE", "float32, float16 or bfloat16; as stored, if not given"))
                .addOption(Command.toggle(
                        "allow-overflow", "write values that the type cannot hold as infinity instead of failing"))
                .addOption(Command.flag(
                        "max-shard-size", "SIZE", "most numbers of one file, such as 500MB; 5GB if not given"));
    }

    /** @throws BadInputException if a flag is given that has no effect beside another */
    static void rejectWith(String flag, CommandLine line, String... withoutEffect) {
        for (String other : withoutEffect) {
            if (line.hasOption(other)) {
                throw new BadInputException(
                        "--" + other + " has no effect beside --" + flag + "; leave one of them out");
            }
        }
    }

    /** The type of the weights, as {@code --save-type} and {@code --allow-overflow} say. */
    static SaveType type(CommandLine line) {
        return new SaveType(
                Optional.ofNullable(line.getOptionValue("save-type")).map(TensorType::ofTorchName),
                line.hasOption("allow-overflow") ? Optional.of(System.out::println) : Optional.empty());
    }

    /** As transformers reads sizes: powers of ten. */
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
            throw new BadInputException("--max-shard-size " + text + " is no size; give one such as 500MB or 5GB");
        }
        return bytes.longValue();
    }
}
