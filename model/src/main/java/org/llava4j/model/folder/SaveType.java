package org.llava4j.model.folder;

import java.util.Optional;
import java.util.function.Consumer;
import org.llava4j.data.tensors.LazyTensor;
import org.llava4j.data.tensors.TensorType;

/**
 * Data type of the weights of a model folder that is written.
 *
 * @param type of all floating point tensors; empty to leave each as it is stored
 * @param overflow receives one sentence for each tensor with values that the type turns into infinity; empty to refuse
 *     them
 */
public record SaveType(Optional<TensorType> type, Optional<Consumer<String>> overflow) {
    /** Every tensor in the type that it has. */
    public static final SaveType AS_STORED = new SaveType(Optional.empty(), Optional.empty());

    /** One type for all tensors; values that it cannot hold are refused. */
    public static SaveType of(TensorType type) {
        return new SaveType(Optional.of(type), Optional.empty());
    }

    /** The tensor as it will be written. */
    LazyTensor apply(LazyTensor tensor) {
        LazyTensor typed = type.map(tensor::withType).orElse(tensor);
        return overflow.map(typed::allowingOverflow).orElse(typed);
    }
}
