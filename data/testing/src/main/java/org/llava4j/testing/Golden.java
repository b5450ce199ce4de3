package org.llava4j.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Golden files of {@code resources/golden}. A missing file fails the test that reads it. */
public final class Golden {
    private Golden() {}

    public static Path path(String name) {
        Path path = Path.of(System.getProperty("llava4j.root"), "resources/golden", name);
        if (!Files.exists(path)) {
            throw new AssertionError("golden file " + path + " is missing");
        }
        return path;
    }

    public static JsonNode json(String name) {
        try {
            return new ObjectMapper().readTree(path(name).toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A JSON array of numbers. */
    public static int[] ints(JsonNode array) {
        int[] values = new int[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).intValue();
        }
        return values;
    }

    /** All tensors of a safetensors file. */
    public static Map<String, INDArray> tensors(String name) {
        return Safetensors.read(path(name));
    }

    /** |x - y| / |y| in the 2-norm over a whole tensor. */
    public static double relativeError(INDArray x, INDArray y) {
        return x.sub(y).norm2Number().doubleValue() / y.norm2Number().doubleValue();
    }
}
