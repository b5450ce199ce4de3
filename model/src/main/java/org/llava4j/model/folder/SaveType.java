package org.llava4j.model.folder;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.tensors.TensorType;

/**
 * Dtype of the weights in a written model folder.
 *
 * @param type dtype of all floating-point tensors; null to keep each tensor's stored dtype
 * @param overflow receives a message for each tensor with values that overflow to infinity; null to reject such
 *     tensors
 */
public record SaveType(@Nullable TensorType type, @Nullable Consumer<String> overflow) {
    /** Keeps each tensor's dtype. */
    public static final SaveType AS_STORED = new SaveType(null, null);

    /** One dtype for all tensors; overflow is rejected. */
    static SaveType of(TensorType type) {
        return new SaveType(type, null);
    }

    /** Converts a tensor to the dtype to write. */
    LazyTensor apply(LazyTensor tensor) {
        LazyTensor typed = type == null ? tensor : tensor.withType(type);
        return overflow == null ? typed : typed.allowingOverflow(overflow);
    }
}
