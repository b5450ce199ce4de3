package org.llava4j.train.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;

/**
 * Verified checkpoint.
 *
 * @param path its folder
 * @param state its trainer state
 */
public record SavedCheckpoint(Path path, TrainerState state) {
    static final String KIND = "checkpoint";
    static final String STATE = "state.json";

    /**
     * Reads and verifies a checkpoint.
     *
     * @throws BadInputException if the folder is not a complete checkpoint; the message says why
     */
    public static SavedCheckpoint read(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new BadInputException(
                    Files.exists(folder) ? "it is not a folder" : "it does not exist, or is a broken symbolic link");
        }
        String kind = AtomicFolder.kindOf(folder);
        if (!KIND.equals(kind)) {
            throw new BadInputException(
                    kind == null
                            ? AtomicFolder.MARKER + " is missing"
                            : AtomicFolder.MARKER + " names it an output of \"" + kind + "\"");
        }
        CheckpointHashes.require(folder);
        return new SavedCheckpoint(folder, JsonInput.read(folder.resolve(STATE), TrainerState.class));
    }

    /** Number of steps so far. */
    public int step() {
        return state.step();
    }

    /** Validation loss; NaN if not evaluated. */
    public double validationLoss() {
        return state.validationLoss() == null ? Double.NaN : state.validationLoss();
    }
}
