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
 * A goal's flags, in which what lies on a Hadoop file system has given way to local files: what is read was fetched, what is
 * written goes to a local place first. Pictures are fetched when they are read.
 */
final class MirroredFlags {
    private static final String OUTPUT = "--output";
    private static final String IMAGE_FOLDER = "image-folder";

    private final List<String> local = new ArrayList<>();
    private final Map<Path, String> outputs = new LinkedHashMap<>();
    private final Map<String, String> addresses = new LinkedHashMap<>();

    private MirroredFlags() {}

    /**
     * @param args flags and their values, without occurrences that later ones replace
     * @param writes whether outputs are written by this process; if not, they are only named
     * @throws org.llava4j.data.BadInputException if a file is not there, or an output is there already
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

    /** {@code --flag=value} is two. */
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
        Path place = HadoopFiles.localPath(value);
        if (flag.startsWith(OUTPUT)) {
            if (writes) {
                HadoopFiles.requireFree(value);
                outputs.put(place, value);
            }
        } else if (!flag.endsWith(IMAGE_FOLDER)) {
            place = HadoopFiles.download(value);
        }
        addresses.put(place.toString(), value);
        return place.toString();
    }

    /** The flags with local files. */
    String[] local() {
        return local.toArray(String[]::new);
    }

    /** Values that are local files of this process's mirror, as what they are elsewhere. */
    List<String> addressed(List<String> arguments) {
        return arguments.stream()
                .map(argument -> each(argument, value -> addresses.getOrDefault(value, value)))
                .toList();
    }

    /** Puts what was written where it belongs. */
    void publish() {
        outputs.forEach((place, address) -> {
            if (Files.exists(place)) {
                HadoopFiles.publish(place, address);
                AtomicFolder.delete(place);
                System.out.println("put it to " + address);
            }
        });
    }
}
