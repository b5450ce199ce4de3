package org.llava4j.train.checkpoint;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Tensors of a checkpoint, by reference: the trainable weights and AdamW's two moments of each, with PyTorch's names.
 *
 * @param weights float32, by name
 * @param moments first and second moment of each weight
 */
public record CheckpointTensors(Map<String, INDArray> weights, Map<String, INDArray[]> moments) {
    private static final String WEIGHTS = "weights.safetensors";
    private static final String OPTIMIZER = "optimizer.safetensors";
    private static final String FIRST = ".exp_avg";
    private static final String SECOND = ".exp_avg_sq";

    /** Writes both files to a folder. */
    void write(Path folder) {
        SafetensorsWriter.write(folder.resolve(WEIGHTS), weights);
        SafetensorsWriter.write(folder.resolve(OPTIMIZER), named());
    }

    /**
     * Reads both files into the existing arrays.
     *
     * @throws BadInputException if names or shapes differ; no array is changed then
     */
    void read(Path folder) {
        Map<String, INDArray> all = named();
        try (SafetensorsFile stored = SafetensorsFile.open(folder.resolve(WEIGHTS));
                SafetensorsFile optimizer = SafetensorsFile.open(folder.resolve(OPTIMIZER))) {
            requireSame(stored, weights);
            requireSame(optimizer, all);
            weights.forEach((name, array) -> fill(array, stored, name));
            all.forEach((name, array) -> fill(array, optimizer, name));
        }
    }

    private Map<String, INDArray> named() {
        Map<String, INDArray> named = new LinkedHashMap<>();
        moments.forEach((name, pair) -> {
            named.put(name + FIRST, pair[0]);
            named.put(name + SECOND, pair[1]);
        });
        return named;
    }

    private static void fill(INDArray array, SafetensorsFile file, String name) {
        try (INDArray read = file.read(name)) {
            array.assign(read);
        }
    }

    private static void requireSame(SafetensorsFile file, Map<String, INDArray> arrays) {
        boolean same = file.tensors().keySet().equals(arrays.keySet())
                && file.tensors().entrySet().stream()
                        .allMatch(stored -> hasShape(
                                arrays.get(stored.getKey()), stored.getValue().shape()));
        if (!same) {
            throw new BadInputException(
                    file + " has other tensors than this run; resume the run that wrote it, or start over"
                            + " (--resume never)");
        }
    }

    private static boolean hasShape(@Nullable INDArray array, long[] shape) {
        return array != null && Arrays.equals(array.shape(), shape);
    }
}
