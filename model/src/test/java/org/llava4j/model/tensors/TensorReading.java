package org.llava4j.model.tensors;

import java.util.function.BiFunction;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Reads every tensor of a file under fuzzing. */
final class TensorReading {
    private TensorReading() {}

    /**
     * Reads all tensors.
     *
     * @param fileBytes size of the file, which no tensor may exceed
     * @throws AssertionError if a tensor has more bytes than its file
     */
    static <T extends TensorStore> void readAll(T file, long fileBytes, BiFunction<T, TensorInfo, INDArray> reader) {
        for (TensorInfo info : file.tensors().values()) {
            if (info.bytes() < 0 || info.bytes() > fileBytes) {
                throw new AssertionError(info + " exceeds the " + fileBytes + " bytes of its file");
            }
            reader.apply(file, info).close();
        }
    }
}
