package org.llava4j.model.weights;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tensors.TensorInfo;
import org.llava4j.data.tensors.TensorStore;
import org.llava4j.model.weights.WeightPlan.StoredTensor;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An open weight file or folder.
 *
 * @param store reads the tensors
 * @param tensors stored tensors by variable
 */
record OpenCheckpoint(TensorStore store, Map<String, StoredTensor> tensors) {

    /**
     * Indexes an open store by variable; closes it on failure.
     *
     * @param path for messages
     * @param prefix prepended to the variables of its layout
     * @throws BadInputException if two tensors map to the same variable
     */
    static OpenCheckpoint of(TensorStore store, Path path, String prefix) {
        SortedMap<String, TensorInfo> infos = store.tensors();
        Map<String, StoredTensor> byVariable = new LinkedHashMap<>();
        try {
            CheckpointLayout.of(infos.keySet())
                    .variables(infos.keySet(), path)
                    .forEach((variable, stored) -> byVariable.put(
                            prefix + variable,
                            new StoredTensor(
                                    path.toString(), stored, infos.get(stored).shape())));
        } catch (BadInputException e) {
            store.close();
            throw e;
        }
        return new OpenCheckpoint(store, byVariable);
    }

    boolean has(String variable) {
        return tensors.containsKey(variable);
    }

    StoredTensor stored(String variable) {
        return tensors.get(variable);
    }

    /** Reads a variable's tensor, whatever its shape. */
    INDArray read(String variable, DataType type) {
        return store.read(stored(variable).name(), type);
    }

    /**
     * A variable's tensor and where it is stored.
     *
     * @param variable the head's name if the table of a tied head is stored under that name only
     */
    record FoundTensor(OpenCheckpoint checkpoint, String variable) {

        StoredTensor stored() {
            return checkpoint.stored(variable);
        }

        INDArray read(DataType type) {
            return checkpoint.read(variable, type);
        }
    }

    /**
     * Finds the tensor of a variable: in the first checkpoint that has it; for an embedding table that none has, its
     * tied head.
     */
    static Optional<FoundTensor> find(String variable, List<OpenCheckpoint> checkpoints) {
        Optional<FoundTensor> own = checkpoints.stream()
                .filter(checkpoint -> checkpoint.has(variable))
                .findFirst()
                .map(checkpoint -> new FoundTensor(checkpoint, variable));
        return own.isEmpty() && variable.equals(TiedHead.TABLE) ? find(TiedHead.NAME, checkpoints) : own;
    }
}
