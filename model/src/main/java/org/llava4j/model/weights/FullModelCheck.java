package org.llava4j.model.weights;

import java.nio.file.Files;
import java.nio.file.Path;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;

/** Check that rejects deltas and LoRA adapters, which look like model folders but are not complete models. */
public final class FullModelCheck {
    private static final String ADAPTER_CONFIG = "adapter_config.json";

    private FullModelCheck() {}

    /** @throws BadInputException if the folder is a delta or an adapter */
    public static void requireFullModel(Path folder) {
        if (Checkpoint.DELTA_KIND.equals(AtomicFolder.kindOf(folder))) {
            throw new BadInputException(folder + " is a delta; apply it to the LLaMA it was made for (apply-delta)");
        }
        if (Files.isRegularFile(folder.resolve(ADAPTER_CONFIG))) {
            throw new BadInputException(
                    folder + " is a LoRA adapter; merge it into the model it was trained on (merge-lora), or give"
                            + " that model and, for inference, --adapter " + folder);
        }
    }
}
