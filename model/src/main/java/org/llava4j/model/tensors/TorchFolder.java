package org.llava4j.model.tensors;

import java.nio.file.Path;

/**
 * PyTorch weights of a Hugging Face model folder: {@code pytorch_model.bin}, or the shards that
 * {@code pytorch_model.bin.index.json} lists. Index and shards must agree on every tensor.
 */
final class TorchFolder extends ShardedFolder {
    static final String SINGLE = "pytorch_model.bin";

    private TorchFolder(Path folder) {
        super(folder, SINGLE, TorchFile::open);
    }

    /**
     * Opens all files of a folder and validates their content.
     *
     * @throws org.llava4j.data.BadInputException if there are no weights, a shard is missing or contains more than
     *     tensors, or index and shards disagree
     */
    static TorchFolder open(Path folder) {
        return new TorchFolder(folder);
    }
}
