package org.llava4j.model.weights;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;

/** Folders that look like a model and are only what is added to one. */
public final class FullModelCheck {
    private static final String ADAPTER_CONFIG = "adapter_config.json";

    private FullModelCheck() {}

    /** @throws BadInputException if the folder is a delta or an adapter, with what to do */
    public static void requireFullModel(Path folder) {
        if (AtomicFolder.kindOf(folder).equals(Optional.of(Checkpoint.DELTA_KIND))) {
            throw new BadInputException(folder + " is a delta; add it to the LLaMA it was made for (apply-delta)");
        }
        if (Files.isRegularFile(folder.resolve(ADAPTER_CONFIG))) {
            throw new BadInputException(
                    folder + " is a LoRA adapter; merge it into the model it was trained on (merge-lora)");
        }
    }
}
