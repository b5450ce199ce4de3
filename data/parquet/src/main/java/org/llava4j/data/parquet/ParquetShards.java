package org.llava4j.data.parquet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileReadError;

/** Files of a Parquet dataset by split, from the names that the Hugging Face hub gives them. */
final class ParquetShards {
    /** {@code train-00000-of-00004.parquet}, in older datasets with a hash after the count. */
    private static final Pattern SHARD =
            Pattern.compile("(.+?)-(\\d{5})-of-(\\d{5})(?:-[0-9a-f]{16})?\\.parquet", Pattern.CASE_INSENSITIVE);
    /** {@code train/0000.parquet}, in the hub's own conversions. */
    private static final Pattern NUMBERED = Pattern.compile("\\d{4}\\.parquet");

    private static final String EXTENSION = ".parquet";
    private static final String VALIDATION = "validation";
    private static final int MAX_DEPTH = 4;

    private ParquetShards() {}

    /**
     * Returns the files of each split in order, the splits by name.
     *
     * @param data a file, or a folder with {@code .parquet} files in it or in its subfolders
     * @throws BadInputException if there are none, a shard is missing, or two folders have the same split
     */
    static Map<String, List<Path>> bySplit(Path data) {
        FileReadError.requireAccessible(data);
        if (Files.isRegularFile(data)) {
            return Map.of(split(data), List.of(data));
        }
        if (!Files.isDirectory(data)) {
            throw new BadInputException(data + ": no such file or folder; check the path");
        }
        Map<String, List<Path>> splits = new TreeMap<>();
        for (Path file : files(data)) {
            splits.computeIfAbsent(split(file), split -> new ArrayList<>()).add(file);
        }
        if (splits.isEmpty()) {
            throw new BadInputException(data + ": has no " + EXTENSION + " files; check the path");
        }
        splits.forEach(ParquetShards::requireComplete);
        return splits;
    }

    /** Lists files, without those in hidden folders, such as the cache of the hub's client. */
    private static List<Path> files(Path folder) {
        try (Stream<Path> walk = Files.walk(folder, MAX_DEPTH)) {
            return walk.filter(file -> file.getFileName().toString().endsWith(EXTENSION))
                    .filter(file -> StreamSupport.stream(folder.relativize(file).spliterator(), false)
                            .noneMatch(part -> part.toString().startsWith(".")))
                    .filter(Files::isRegularFile)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw FileReadError.of(folder, e, "check the folder");
        }
    }

    /**
     * Returns the number of rows of all files.
     *
     * @throws BadInputException if one is not a Parquet file that can be read
     */
    static long rows(Map<String, List<Path>> splits) {
        return splits.values().stream()
                .flatMap(List::stream)
                .mapToLong(ParquetRows::count)
                .reduce(0, Math::addExact);
    }

    /**
     * Returns the split that the name of a file tells. It has letters, digits, points, underscores and hyphens, and
     * does not begin with a point, so that it is safe as the name of a folder.
     */
    static String split(Path file) {
        String name = file.getFileName().toString();
        Matcher shard = SHARD.matcher(name);
        Path parent = file.toAbsolutePath().getParent();
        String split = name.endsWith(EXTENSION) ? name.substring(0, name.length() - EXTENSION.length()) : name;
        if (shard.matches()) {
            split = shard.group(1);
        } else if (NUMBERED.matcher(name).matches() && parent != null && parent.getFileName() != null) {
            split = parent.getFileName().toString();
        }
        String safe = split.replaceAll("[^\\w.-]", "_").replaceFirst("^\\.+", "_");
        return safe.equals(VALIDATION) ? "val" : safe;
    }

    private static void requireComplete(String split, List<Path> files) {
        Path first = files.get(0);
        for (int i = 0; i < files.size(); i++) {
            Path file = files.get(i);
            if (!file.resolveSibling("").equals(first.resolveSibling(""))) {
                throw new BadInputException(
                        "split " + split + " is in " + first + " and in " + file + "; give the folder of one of them");
            }
            Matcher shard = SHARD.matcher(file.getFileName().toString());
            if (shard.matches()
                    && (Integer.parseInt(shard.group(2)) != i || Integer.parseInt(shard.group(3)) != files.size())) {
                throw new BadInputException(file + ": is not shard " + i + " of " + files.size()
                        + "; download all shards of split " + split + ", and of one version");
            }
        }
    }
}
