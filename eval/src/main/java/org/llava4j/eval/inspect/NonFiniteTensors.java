package org.llava4j.eval.inspect;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.llava4j.model.folder.AdapterFiles;
import org.llava4j.model.tensors.NonFiniteCounts;
import org.llava4j.model.tensors.TensorInfo;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.WeightStore;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Lists the tensors of a model folder, an adapter or a file that hold NaN or infinite values. Holds one tensor in memory at a time. */
final class NonFiniteTensors {
    private NonFiniteTensors() {}

    /** One line per affected tensor, with its name and the counts. */
    static List<String> in(Path folder) {
        List<Path> adapter = AdapterFiles.weights(folder);
        return (adapter.isEmpty() ? List.of(folder) : adapter)
                .stream().flatMap(place -> inStore(place).stream()).toList();
    }

    private static List<String> inStore(Path fileOrFolder) {
        List<String> lines = new ArrayList<>();
        try (WeightStore store = WeightStore.open(fileOrFolder)) {
            for (Map.Entry<String, TensorInfo> tensor : store.tensors().entrySet()) {
                TensorType type = tensor.getValue().type();
                if (type != TensorType.F32 && type != TensorType.F16 && type != TensorType.BF16) {
                    continue;
                }
                try (INDArray values = store.read(tensor.getKey(), DataType.FLOAT)) {
                    NonFiniteCounts bad = NonFiniteCounts.count(values);
                    if (bad.total() > 0) {
                        lines.add(tensor.getValue() + ": " + bad);
                    }
                }
            }
        }
        return lines;
    }
}
