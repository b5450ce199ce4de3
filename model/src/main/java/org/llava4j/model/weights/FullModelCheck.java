package org.llava4j.model.weights;

import java.nio.file.Files;
import java.nio.file.Path;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.model.config.ConfigFile;

/**
 * Check that rejects deltas, LoRA adapters and the vision towers of GGUF files, which look like models but are not complete
 * ones.
 */
public final class FullModelCheck {
    private static final String ADAPTER_CONFIG = "adapter_config.json";

    private FullModelCheck() {}

    /** @throws BadInputException if the folder is a delta or an adapter, or the file a vision tower */
    public static void requireFullModel(Path folder) {
        if (ConfigFile.isMmproj(folder)) {
            throw new BadInputException(
                    folder + " is the vision tower and projector of a GGUF model; give the file of its"
                            + " decoder as --model-path and this one as --mmproj");
        }
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
