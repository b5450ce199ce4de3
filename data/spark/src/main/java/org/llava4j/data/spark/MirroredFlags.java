package org.llava4j.data.spark;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.llava4j.data.AtomicFolder;

/**
 * Command-line flags with addresses on a Hadoop file system replaced by local mirror files: inputs are downloaded
 * first, outputs are written to a local path and uploaded later. Images are downloaded when they are read.
 */
final class MirroredFlags {
    private static final String OUTPUT = "--output";
    private static final String IMAGE_FOLDER = "image-folder";

    private final List<String> local = new ArrayList<>();
    private final Map<Path, String> outputs = new LinkedHashMap<>();
    private final Map<String, String> addresses = new LinkedHashMap<>();

    private MirroredFlags() {}

    /**
     * Replaces the addresses.
     *
     * @param args flags and their values, without occurrences that later ones override
     * @param writes whether this process writes the outputs; if not, their paths are only mapped
     * @throws org.llava4j.data.BadInputException if an input is missing, or an output already exists
     */
    static MirroredFlags of(List<String> args, boolean writes) {
        MirroredFlags flags = new MirroredFlags();
        String flag = "";
        for (String arg : split(args)) {
            if (arg.startsWith("--")) {
                flag = arg;
                flags.local.add(arg);
            } else {
                String name = flag;
                flags.local.add(
                        Arrays.stream(arg.split(",", -1)).anyMatch(HadoopFiles::isAddress)
                                ? each(arg, value -> flags.mirrored(name, value, writes))
                                : arg);
            }
        }
        return flags;
    }

    /** Splits {@code --flag=value} into two arguments. */
    private static List<String> split(List<String> args) {
        List<String> parts = new ArrayList<>();
        for (String arg : args) {
            int equals = arg.indexOf('=');
            if (arg.startsWith("--") && equals > 0) {
                parts.add(arg.substring(0, equals));
                parts.add(arg.substring(equals + 1));
            } else {
                parts.add(arg);
            }
        }
        return parts;
    }

    private static String each(String list, UnaryOperator<String> change) {
        return Arrays.stream(list.split(",", -1)).map(change).collect(Collectors.joining(","));
    }

    private String mirrored(String flag, String value, boolean writes) {
        if (!HadoopFiles.isAddress(value)) {
            return value;
        }
        Path path = HadoopFiles.localPath(value);
        if (flag.startsWith(OUTPUT)) {
            if (writes) {
                HadoopFiles.requireFree(value);
                outputs.put(path, value);
            }
        } else if (!flag.endsWith(IMAGE_FOLDER)) {
            path = HadoopFiles.download(value);
        }
        addresses.put(path.toString(), value);
        return path.toString();
    }

    /** Returns the flags with local files. */
    String[] local() {
        return local.toArray(String[]::new);
    }

    /** Replaces local files of this process's mirror by their addresses. */
    List<String> addressed(List<String> arguments) {
        return arguments.stream()
                .map(argument -> each(argument, value -> addresses.getOrDefault(value, value)))
                .toList();
    }

    /** Uploads the outputs. */
    void publish() {
        outputs.forEach((path, address) -> {
            if (Files.exists(path)) {
                HadoopFiles.publish(path, address);
                AtomicFolder.delete(path);
                System.out.println("uploaded to " + address);
            }
        });
    }
}
