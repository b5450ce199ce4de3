package org.llava4j.model.folder;

import java.util.Optional;
import java.util.function.Consumer;
import org.llava4j.data.tensors.LazyTensor;
import org.llava4j.data.tensors.TensorType;

/**
 * Dtype of the weights in a written model folder.
 *
 * @param type dtype of all floating-point tensors; empty to keep each tensor's stored dtype
 * @param overflow receives a message for each tensor with values that overflow to infinity; empty to reject such
 *     tensors
 */
public record SaveType(Optional<TensorType> type, Optional<Consumer<String>> overflow) {
    /** Keeps each tensor's dtype. */
    public static final SaveType AS_STORED = new SaveType(Optional.empty(), Optional.empty());

    /** One dtype for all tensors; overflow is rejected. */
    public static SaveType of(TensorType type) {
        return new SaveType(Optional.of(type), Optional.empty());
    }

    /** Converts a tensor to the dtype to write. */
    LazyTensor apply(LazyTensor tensor) {
        LazyTensor typed = type.map(tensor::withType).orElse(tensor);
        return overflow.map(typed::allowingOverflow).orElse(typed);
    }
}
