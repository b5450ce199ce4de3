package org.llava4j.model.config;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.llava4j.data.JsonInput;
import org.llava4j.data.gguf.GgufHeader;

/** The configuration of a model as JSON, whichever file it is in. */
public final class ConfigFile {
    private static final String NAME = "config.json";

    private ConfigFile() {}

    /** The file with the configuration of a model folder; a file is its own. */
    static Path in(Path folder) {
        return Files.isDirectory(folder) ? folder.resolve(NAME) : folder;
    }

    /**
     * Reads a configuration.
     *
     * @param folder a model folder, its {@code config.json}, or a GGUF file, whose metadata is given in the keys of
     *     {@code config.json}
     * @throws org.llava4j.data.BadInputException if it cannot be read, or a GGUF file has a model that is not supported
     */
    public static ObjectNode read(Path folder) {
        Path file = in(folder);
        return GgufHeader.isGguf(file) ? GgufConfig.json(file) : (ObjectNode) JsonInput.readBoundedObject(file);
    }

    /** Keys of a GGUF file that {@link #read} does not translate, and that may have an effect; none for other files. */
    static List<String> unknownKeys(Path file) {
        return GgufHeader.isGguf(file) ? GgufConfig.unknownKeys(file) : List.of();
    }

    /** Whether a path is a GGUF file with the vision tower and projector of a model. */
    public static boolean isMmproj(Path path) {
        return GgufConfig.isTower(path);
    }
}
