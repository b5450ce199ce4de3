package org.llava4j.train.command;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.llava4j.cli.Command;
import org.llava4j.data.BadInputException;
import org.llava4j.train.data.DataSource;

/**
 * Command-line flags of data sources, as comma-separated lists.
 *
 * @param data flag of the files or folders
 * @param images flag of the image folders: none, one for all sources, or one for each
 * @param weights flag of the sampling weights: none, or one for each source
 */
public record DataSourceFlags(String data, String images, String weights) {
    private static final DataSourceFlags SINGLE_STAGE =
            new DataSourceFlags("data-path", "image-folder", "data-weights");

    /** The flags of a command for a single stage. */
    public static DataSourceFlags singleStage() {
        return SINGLE_STAGE;
    }

    /**
     * Parses the flags.
     *
     * @throws BadInputException if a source is missing, or the lists have different lengths
     */
    public List<DataSource> sources(CommandLine line) {
        List<Path> paths = paths(line, data);
        paths.forEach(path -> Command.existing(data, path));
        List<Path> folders = paths(line, images);
        if (folders.size() > 1 && folders.size() != paths.size()) {
            throw new BadInputException("--" + images + " names " + folders.size() + " folders, --" + data + " "
                    + paths.size() + " source(s); name one folder for all, or one for each");
        }
        List<Double> numbers = list(line, weights).stream().map(this::weight).toList();
        if (!numbers.isEmpty() && numbers.size() != paths.size()) {
            throw new BadInputException("--" + weights + " has " + numbers.size() + " number(s), --" + data + " names "
                    + paths.size() + " source(s); give one number for each");
        }
        List<DataSource> sources = new ArrayList<>();
        for (int i = 0; i < paths.size(); i++) {
            Path folder = folders.isEmpty() ? null : folders.get(folders.size() == 1 ? 0 : i);
            sources.add(new DataSource(paths.get(i), folder, numbers.isEmpty() ? null : numbers.get(i)));
        }
        return sources;
    }

    private Double weight(String text) {
        try {
            double weight = Double.parseDouble(text);
            if (weight > 0 && !Double.isInfinite(weight)) {
                return weight;
            }
        } catch (NumberFormatException e) {
            // Reported below, like other invalid weights.
        }
        throw new BadInputException("--" + weights + " has \"" + text
                + "\"; use positive numbers, as in 0.7,0.3, and omit sources that should not be sampled");
    }

    /** A value that is an existing path is not split at its commas. */
    private static List<Path> paths(CommandLine line, String flag) {
        String value = line.getOptionValue(flag);
        return value != null && Files.exists(Path.of(value))
                ? List.of(Path.of(value))
                : list(line, flag).stream().map(Path::of).toList();
    }

    private static List<String> list(CommandLine line, String flag) {
        String value = line.getOptionValue(flag);
        if (value == null) {
            return List.of();
        }
        List<String> parts =
                Arrays.stream(value.split(",", -1)).map(String::strip).toList();
        if (parts.contains("")) {
            throw new BadInputException("--" + flag + " " + value + " has an empty element; remove the extra comma");
        }
        return parts;
    }
}
