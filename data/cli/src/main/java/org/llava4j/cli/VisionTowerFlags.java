package org.llava4j.cli;

import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;

/**
 * Flags of a model's vision tower: {@code --vision-tower} for a model folder, {@code --mmproj} (llama.cpp's name) for the GGUF
 * file of a decoder.
 */
public final class VisionTowerFlags {
    private static final String VISION_TOWER = "vision-tower";
    private static final String MMPROJ = "mmproj";

    private VisionTowerFlags() {}

    /** Adds the flags, with the description of {@code --vision-tower}. */
    public static Options addTo(Options options, String visionTower) {
        return options.addOption(Command.flag(VISION_TOWER, "DIR", visionTower))
                .addOption(Command.flag(
                        MMPROJ,
                        "FILE",
                        "GGUF file of vision tower and projector, if --model-path is the GGUF file of a decoder"));
    }

    /**
     * The folder or file that a flag names; null if neither is given.
     *
     * @throws BadInputException if both are given
     */
    public static @Nullable Path path(CommandLine line) {
        if (line.hasOption(VISION_TOWER) && line.hasOption(MMPROJ)) {
            throw new BadInputException("--" + VISION_TOWER + " and --" + MMPROJ + " exclude each other; give --"
                    + MMPROJ + " for a GGUF file, --" + VISION_TOWER + " for a model folder");
        }
        String value = line.getOptionValue(MMPROJ, line.getOptionValue(VISION_TOWER));
        return value == null ? null : Path.of(value);
    }
}
