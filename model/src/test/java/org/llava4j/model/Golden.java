package org.llava4j.model;

import java.nio.file.Files;
import java.nio.file.Path;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Reference outputs in {@code resources/golden}. A missing file fails the test. */
public final class Golden {
    private Golden() {}

    public static Path path(String name) {
        Path path = Path.of(System.getProperty("llava4j.root"), "resources/golden", name);
        if (!Files.exists(path)) {
            throw new AssertionError("golden fixture " + path + " is missing");
        }
        return path;
    }

    /** |x - y| / |y| in the 2-norm over a whole tensor. */
    public static double relativeError(INDArray x, INDArray y) {
        return x.sub(y).norm2Number().doubleValue() / y.norm2Number().doubleValue();
    }
}
