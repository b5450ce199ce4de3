package org.llava4j.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.llava4j.data.tensors.SafetensorsFile;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Golden values in {@code resources/golden}; a missing file fails the test that reads it. */
public final class GoldenValues {
    private GoldenValues() {}

    public static Path path(String name) {
        Path path = Path.of(System.getProperty("llava4j.root"), "resources/golden", name);
        if (!Files.exists(path)) {
            throw new AssertionError("golden fixture " + path + " is missing");
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

    /** All tensors of a safetensors file. */
    public static Map<String, INDArray> tensors(String name) {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(path(name))) {
            file.tensors().keySet().forEach(tensor -> tensors.put(tensor, file.read(tensor)));
        }
        return tensors;
    }

    /** |x - y| / |y| in the 2-norm over a whole tensor. */
    public static double relativeError(INDArray x, INDArray y) {
        return x.sub(y).norm2Number().doubleValue() / y.norm2Number().doubleValue();
    }
}
