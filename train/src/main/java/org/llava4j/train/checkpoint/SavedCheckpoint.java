package org.llava4j.train.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;

/**
 * A checkpoint whose files are as they were written.
 *
 * @param path its folder
 * @param state where the run stood
 */
public record SavedCheckpoint(Path path, TrainerState state) {
    static final String KIND = "checkpoint";
    static final String STATE = "state.json";

    /** Reads and verifies a folder. @throws BadInputException if it is not a whole checkpoint; the message says why */
    public static SavedCheckpoint read(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new BadInputException(
                    Files.exists(folder) ? "it is no folder" : "it is gone, or a symbolic link that leads nowhere");
        }
        Optional<String> kind = AtomicFolder.kindOf(folder);
        if (!kind.equals(Optional.of(KIND))) {
            throw new BadInputException(
                    kind.map(other -> AtomicFolder.MARKER + " says it is the output of \"" + other + "\"")
                            .orElse(AtomicFolder.MARKER + " is missing"));
        }
        CheckpointHashes.require(folder);
        TrainerState state = JsonInput.read(folder.resolve(STATE), TrainerState.class);
        if (state == null || state.totals() == null || state.cursor() == null) {
            throw new BadInputException(STATE + " does not say where the run stood");
        }
        return new SavedCheckpoint(folder, state);
    }

    /** Steps that were done. */
    public int step() {
        return state.step();
    }

    /** Loss on held-out data; NaN if it was not evaluated. */
    public double validationLoss() {
        return state.validation() == null ? Double.NaN : state.validation();
    }
}
