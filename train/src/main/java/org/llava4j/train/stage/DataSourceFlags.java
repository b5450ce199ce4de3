package org.llava4j.train.stage;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileReadError;

/**
 * Sources of data on a command line, in lists with commas.
 *
 * @param data names the files or folders
 * @param images names where their pictures are: nothing, one folder for all, or one for each
 * @param weights names how often each is drawn: nothing, or one number for each
 */
public record DataSourceFlags(String data, String images, String weights) {
    private static final DataSourceFlags SINGLE_STAGE =
            new DataSourceFlags("data-path", "image-folder", "data-weights");

    /** The flags of a single stage. */
    public static DataSourceFlags singleStage() {
        return SINGLE_STAGE;
    }

    /** @throws BadInputException if one is missing, or lists do not fit each other */
    public List<DataSource> sources(CommandLine line) {
        List<Path> paths = paths(line, data);
        for (Path path : paths) {
            FileReadError.requireAccessible(path);
            if (!Files.exists(path)) {
                throw new BadInputException("--" + data + " " + path + ": there is nothing; check the path");
            }
        }
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
            // Said below, with all else that is no weight.
        }
        throw new BadInputException("--" + weights + " has \"" + text
                + "\"; give numbers above 0, as in 0.7,0.3, and leave" + " out a source that is not to be drawn");
    }

    /** A path that is there with its commas is one. */
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
            throw new BadInputException("--" + flag + " " + value + " has an empty place between its commas; fill it or"
                    + " leave the comma out");
        }
        return parts;
    }
}
