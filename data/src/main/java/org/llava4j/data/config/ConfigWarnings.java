package org.llava4j.data.config;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Warnings about config and data files that are read in spite of something odd in them. A file is read many times while a
 * model loads, so that each warning is logged once and kept for {@link #in}.
 */
public final class ConfigWarnings {
    private static final Logger LOG = LoggerFactory.getLogger(ConfigWarnings.class);

    private static final Map<Path, String> BY_FILE = new ConcurrentHashMap<>();

    private ConfigWarnings() {}

    /** Reports the keys of a file that no table knows; without any, an earlier report of the file is withdrawn. */
    public static void unknownKeys(Path file, Collection<String> keys) {
        if (keys.isEmpty()) {
            BY_FILE.remove(normalized(file));
            return;
        }
        String list = new TreeSet<>(keys).stream().map(key -> "\"" + key + "\"").collect(Collectors.joining(", "));
        report(
                file,
                (keys.size() == 1 ? "unknown key " : "unknown keys ") + list + "; not read, check that they"
                        + " change nothing");
    }

    /** Reports something else about a file. */
    public static void report(Path file, String what) {
        String warning = file + ": " + what;
        if (!warning.equals(BY_FILE.put(normalized(file), warning))) {
            LOG.warn("{}", warning);
        }
    }

    /** The warnings about the files of a folder (not of folders in it) that have been read, or about one file. */
    public static List<String> in(Path folderOrFile) {
        Path place = normalized(folderOrFile);
        return BY_FILE.entrySet().stream()
                .filter(entry -> entry.getKey().equals(place)
                        || place.equals(entry.getKey().getParent()))
                .map(Map.Entry::getValue)
                .sorted()
                .toList();
    }

    private static Path normalized(Path file) {
        return file.toAbsolutePath().normalize();
    }
}
