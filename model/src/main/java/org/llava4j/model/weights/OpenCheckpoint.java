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
 * An open file or folder of weights.
 *
 * @param tensors what it holds, by variable
 */
record OpenCheckpoint(TensorStore store, Map<String, StoredTensor> tensors) {

    /**
     * @param path for messages
     * @param prefix in front of the variables that its layout gives
     * @throws BadInputException if two of its tensors are the same variable
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

    /** Reads a variable's tensor, of any shape. */
    INDArray read(String variable, DataType type) {
        return store.read(stored(variable).name(), type);
    }

    /**
     * A variable's tensor in its place.
     *
     * @param variable the head's name for the table of a tied head that is stored alone
     */
    record FoundTensor(OpenCheckpoint checkpoint, String variable) {

        StoredTensor stored() {
            return checkpoint.stored(variable);
        }

        INDArray read(DataType type) {
            return checkpoint.read(variable, type);
        }
    }

    /** Where a variable is read from: the first of the places that has it, or, of a table, its head. */
    static Optional<FoundTensor> find(String variable, List<OpenCheckpoint> places) {
        Optional<FoundTensor> own = places.stream()
                .filter(place -> place.has(variable))
                .findFirst()
                .map(place -> new FoundTensor(place, variable));
        return own.isEmpty() && variable.equals(TiedHead.TABLE) ? find(TiedHead.NAME, places) : own;
    }
}
