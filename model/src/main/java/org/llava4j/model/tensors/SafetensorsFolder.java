package org.llava4j.model.tensors;

import java.nio.file.Path;

/**
 * Safetensors weights of a Hugging Face model folder: {@code model.safetensors}, or the shards that
 * {@code model.safetensors.index.json} lists. Index and shards must agree on every tensor.
 */
public final class SafetensorsFolder extends ShardedFolder {
    static final String SINGLE = "model.safetensors";

    private SafetensorsFolder(Path folder) {
        super(folder, SINGLE, SafetensorsFile::open);
    }

    /**
     * Opens all files of a folder and validates their headers.
     *
     * @throws org.llava4j.data.BadInputException if there are no weights, a shard is missing, or index and shards
     *     disagree
     */
    public static SafetensorsFolder open(Path folder) {
        return new SafetensorsFolder(folder);
    }
}
