package org.llava4j.train.checkpoint;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tensors.SafetensorsFile;
import org.llava4j.data.tensors.SafetensorsWriter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The arrays that a run changes, by reference: weights that learn, and the optimiser's two moments of each, by the names
 * that PyTorch has for them.
 *
 * @param weights float32, by name
 * @param moments the running means of the gradient and of its square, of each weight
 */
public record CheckpointTensors(Map<String, INDArray> weights, Map<String, INDArray[]> moments) {
    private static final String WEIGHTS = "weights.safetensors";
    private static final String OPTIMIZER = "optimizer.safetensors";
    private static final String FIRST = ".exp_avg";
    private static final String SECOND = ".exp_avg_sq";

    /** Writes two files into a folder. */
    void write(Path folder) {
        SafetensorsWriter.write(folder.resolve(WEIGHTS), weights);
        SafetensorsWriter.write(folder.resolve(OPTIMIZER), named());
    }

    /** Reads the two files back into the arrays. @throws BadInputException if they hold other arrays; none is changed */
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
                && arrays.entrySet().stream()
                        .allMatch(entry -> Arrays.equals(
                                file.tensors().get(entry.getKey()).shape(),
                                entry.getValue().shape()));
        if (!same) {
            throw new BadInputException(file + " holds other arrays than this run has; is it of another model? Begin"
                    + " anew (--resume never)");
        }
    }
}
