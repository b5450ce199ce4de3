package org.llava4j.eval;

import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.cli.VisionTowerFlags;
import org.llava4j.data.BadInputException;
import org.llava4j.model.folder.ModelSource;

/**
 * Flags for a LoRA adapter that is not merged: {@code --adapter} beside {@code --model-path}, or LLaVA's form, where
 * {@code --model-path} is the adapter and {@code --model-base} the model that it was trained on.
 */
public final class AdapterFlags {
    private static final String ADAPTER = "adapter";
    private static final String MODEL_BASE = "model-base";

    private AdapterFlags() {}

    /** Adds the flags. */
    public static Options addTo(Options options) {
        return options.addOption(Command.flag(
                        ADAPTER, "DIR", "LoRA adapter that was trained on the model; it is used without merging it"))
                .addOption(Command.flag(
                        MODEL_BASE,
                        "DIR",
                        "as in LLaVA's commands: the model that the adapter was trained on, if --model-path is the"
                                + " adapter"));
    }

    /** Whether an adapter is given. */
    public static boolean isGiven(CommandLine line) {
        return line.hasOption(ADAPTER) || line.hasOption(MODEL_BASE);
    }

    /**
     * The model that the flags name.
     *
     * @param modelPath {@code --model-path} or its default
     * @throws BadInputException if the flags contradict each other, or a folder is not what its flag requires
     */
    public static ModelSource source(CommandLine line, Path modelPath) {
        Path tower = VisionTowerFlags.path(line);
        Path adapter = Command.optionalPath(line, ADAPTER);
        Path base = Command.optionalPath(line, MODEL_BASE);
        if (adapter != null && base != null) {
            throw new BadInputException(
                    "--adapter and --model-base exclude each other; give --model-path BASE --adapter"
                            + " ADAPTER, or --model-path ADAPTER --model-base BASE");
        }
        if (base != null) {
            if (!line.hasOption("model-path")) {
                throw new BadInputException("--model-base requires --model-path, the adapter; give both");
            }
            return ModelSource.withAdapter(base, modelPath, tower);
        }
        return adapter == null ? ModelSource.of(modelPath, tower) : ModelSource.withAdapter(modelPath, adapter, tower);
    }
}
