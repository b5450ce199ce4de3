package org.llava4j.model.weights;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;
import org.llava4j.data.gguf.GgufHeader;
import org.llava4j.model.Llava;
import org.llava4j.model.weights.WeightPlan.StoredTensor;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An open weight file or folder.
 *
 * @param store reads the tensors
 * @param tensors stored tensors by variable
 */
record OpenCheckpoint(WeightStore store, Map<String, StoredTensor> tensors) {

    /**
     * Indexes an open store by variable; closes it on failure.
     *
     * @param path for messages
     * @param prefix prepended to the variables of its layout
     * @throws BadInputException if two tensors map to the same variable
     */
    static OpenCheckpoint of(WeightStore store, Path path, String prefix) {
        return CloseOnFailure.run(store, () -> {
            Map<String, StoredTensor> byVariable = new LinkedHashMap<>();
            CheckpointLayout.of(store.tensors().keySet())
                    .variables(store.tensors().values(), path)
                    .forEach((variable, stored) -> byVariable.put(
                            prefix + variable, new StoredTensor(path.toString(), stored.name(), stored.shape())));
            return new OpenCheckpoint(store, byVariable);
        });
    }

    /** Opens the vision tower's own folder, or its GGUF file, for a model folder without a tower. */
    static OpenCheckpoint ofTower(Path folder, Path visionTower) {
        if (visionTower.equals(folder)) {
            throw new BadInputException(folder + " contains no vision tower weights and its config.json names no"
                    + " local folder; give the CLIP folder (--vision-tower)");
        }
        // The names in a GGUF file, which holds the projector too, are those of the model's variables.
        String prefix = GgufHeader.isGguf(visionTower) ? "" : Llava.TOWER_PREFIX;
        return of(WeightStore.open(visionTower), visionTower, prefix);
    }

    /** The stored tensor of a variable; null if there is none. */
    @Nullable
    StoredTensor stored(String variable) {
        return tensors.get(variable);
    }

    /** A variable's tensor and where it is stored. The tensor is the head if the table of a tied head is not stored. */
    record FoundTensor(OpenCheckpoint checkpoint, StoredTensor stored) {

        /** Whether the tensor is quantized. */
        boolean isQuantized() {
            return checkpoint.store.isQuantized(stored.name());
        }

        /** Reads the tensor, whatever its shape. */
        INDArray read(DataType type) {
            return checkpoint.store.read(stored.name(), type);
        }

        /** Reads the tensor in its stored form. */
        INDArray readStored() {
            return checkpoint.store.readStored(stored.name());
        }

        /**
         * Maps the tensor if it is stored as {@code type} has it in memory.
         *
         * @param quantized whether {@code type} quantizes it
         * @return null if it must be read
         */
        @Nullable
        INDArray map(WeightDtype type, boolean quantized) {
            WeightStore store = checkpoint.store;
            if (!quantized) {
                return store.map(stored.name(), type.dataType());
            }
            return store.quantization() == type ? store.mapQuantized(stored.name()) : null;
        }

        /** Maps the tensor in its stored form; null if it must be read. */
        @Nullable
        INDArray map() {
            return checkpoint.store.mapStored(stored.name());
        }

        /** Maps a query or key projection in the order of a GGUF file; null for other tensors. */
        @Nullable
        INDArray mapRotaryPairs() {
            return checkpoint.store.mapRotaryPairs(stored.name());
        }

        /** Maps the tensor in its floating-point dtype; null if it must be read. */
        @Nullable
        INDArray mapFloats() {
            return checkpoint.store.mapFloats(stored.name());
        }

        /** Reads a tensor that is stored in this quantized dtype; null if it is stored otherwise. */
        @Nullable
        INDArray readQuantized(WeightDtype type) {
            return checkpoint.store.quantization() == type ? checkpoint.store.readQuantized(stored.name()) : null;
        }
    }

    /**
     * Finds the tensor of a variable: in the first checkpoint that has it; for an embedding table that none has, its
     * tied head.
     *
     * @return null if no checkpoint has it
     */
    static @Nullable FoundTensor find(String variable, List<OpenCheckpoint> checkpoints) {
        for (OpenCheckpoint checkpoint : checkpoints) {
            StoredTensor stored = checkpoint.stored(variable);
            if (stored != null) {
                return new FoundTensor(checkpoint, stored);
            }
        }
        return variable.equals(TiedHead.TABLE) ? find(TiedHead.NAME, checkpoints) : null;
    }
}
