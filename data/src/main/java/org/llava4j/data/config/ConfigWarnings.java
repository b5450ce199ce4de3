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
 * Warnings about config and data files that are read despite a problem. A file is read several times while a model
 * loads, so each warning is logged once and kept for {@link #in}.
 */
public final class ConfigWarnings {
    private static final Logger LOG = LoggerFactory.getLogger(ConfigWarnings.class);

    private static final Map<Path, String> BY_FILE = new ConcurrentHashMap<>();

    private ConfigWarnings() {}

    /** Reports the unknown keys of a file; without any, an earlier warning about the file is withdrawn. */
    public static void unknownKeys(Path file, Collection<String> keys) {
        if (keys.isEmpty()) {
            BY_FILE.remove(normalized(file));
            return;
        }
        String list = new TreeSet<>(keys).stream().map(key -> "\"" + key + "\"").collect(Collectors.joining(", "));
        report(
                file,
                (keys.size() == 1 ? "unknown key " : "unknown keys ") + list + "; ignored, check that they"
                        + " do not affect the result");
    }

    /** Reports another problem of a file. */
    public static void report(Path file, String problem) {
        String warning = file + ": " + problem;
        if (!warning.equals(BY_FILE.put(normalized(file), warning))) {
            LOG.warn("{}", warning);
        }
    }

    /** The warnings about one file, or about the files directly in a folder, that have been read. */
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
