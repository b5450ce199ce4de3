package org.llava4j.model.weights;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.kernels.QuantizedFormat;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.tensors.TensorInfo;
import org.llava4j.model.tensors.TensorType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Quantized weights in safetensors files. A matrix {@code [N, K]} that {@link WeightDtype#quantizes} is stored in the
 * layout of {@link QuantizedFormat} as {@code I8[N, rowBytes]} (q8) or {@code U8[N, rowBytes]} (q4) under its usual name,
 * other matrices as F16, vectors and position embeddings in the dtype they had. The metadata of each file names the format and the version of
 * the layout. {@link WeightStore} reads such files.
 */
public final class QuantizedTensors {
    /** Metadata key of the format: {@code q8} or {@code q4}. */
    static final String FORMAT_KEY = "llava4j.quantization";

    /** Metadata key of the version of the layout. */
    static final String VERSION_KEY = "llava4j.quantization_version";

    /** The version of the layout that is written and read. */
    static final String VERSION = "3";

    /** The vision tower's position embeddings, which are added in float32. */
    private static final String POSITION = "position_embedding";

    private QuantizedTensors() {}

    /** Metadata of a file; none for a dtype that does not quantize. */
    public static Map<String, String> metadata(@Nullable WeightDtype dtype) {
        return dtype == null ? Map.of() : Map.of(FORMAT_KEY, dtype.toString(), VERSION_KEY, VERSION);
    }

    /** The {@code quantization_config} of a quantized model's {@code config.json}, which other programs reject. */
    public static ObjectNode config(WeightDtype dtype) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("quant_method", "llava4j")
                .put("format", dtype.toString())
                .put("version", VERSION);
    }

    /** The dtype in a file of matrices of a format. */
    static TensorType storedType(QuantizedFormat format) {
        return format == QuantizedFormat.Q8 ? TensorType.I8 : TensorType.U8;
    }

    /**
     * Returns a tensor as it is stored in a quantized folder. A matrix that was read from a folder of the same dtype
     * keeps its bytes.
     *
     * @param dtype a dtype that quantizes; null to return the tensor unchanged
     */
    public static LazyTensor quantize(LazyTensor tensor, @Nullable WeightDtype dtype) {
        if (dtype == null) {
            return tensor;
        }
        String name = tensor.name();
        long[] shape = tensor.info().shape();
        QuantizedFormat format = dtype.formatOf(name, shape);
        if (format == null) {
            return shape.length < 2 || name.contains(POSITION) ? tensor : tensor.withType(TensorType.F16);
        }
        TensorType type = storedType(format);
        LazyTensor stored = tensor.encoded();
        return stored != null && stored.info().type() == type
                ? stored
                : LazyTensor.computed(
                        new TensorInfo(name, type, new long[] {shape[0], format.rowBytes(shape[1])}), () -> {
                            INDArray[] quantized = new INDArray[1];
                            tensor.useAsFloats(floats -> quantized[0] = dtype.convert(name, floats));
                            return quantized[0];
                        });
    }
}
