package org.llava4j.eval.parity;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.model.weights.ForwardPassRecorder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Comparison of a model's tensors with expected ones. The relative error is |x - y| / |y| in the 2-norm over a whole
 * tensor. Tensors over text positions are compared without padding.
 *
 * @param rows one entry per tensor that both sides have, in the model's order
 * @param unmatched names of expected tensors that the model does not produce
 */
record TensorComparison(List<TensorError> rows, List<String> unmatched) {

    /** Names in the published code whose tensors have another name here. */
    private static final Map<String, String> ALIASES =
            Map.of("features_m2_patch", "features", "image_features", "projected");

    /**
     * Error of one tensor.
     *
     * @param name name in this library
     * @param error relative error; infinite if the shapes differ
     * @param note remark, often empty
     */
    record TensorError(String name, long[] shape, double error, String note) {}

    static TensorComparison of(ForwardPassRecorder.Outputs outputs, Map<String, INDArray> expected) {
        Map<String, INDArray> expectedByName = new LinkedHashMap<>();
        List<String> unmatched = new ArrayList<>();
        expected.forEach((name, tensor) -> {
            String outputName = outputName(name, outputs.tensors());
            if (outputName == null) {
                unmatched.add(name);
            } else {
                expectedByName.put(outputName, tensor);
            }
        });
        List<TensorError> rows = new ArrayList<>();
        outputs.tensors().forEach((name, tensor) -> {
            INDArray expectedTensor = expectedByName.get(name);
            if (expectedTensor != null) {
                rows.add(compare(name, tensor, expectedTensor, outputs));
            }
        });
        return new TensorComparison(rows, unmatched);
    }

    /** The name of an expected tensor in this library; null if the model does not produce it. */
    private static @Nullable String outputName(String name, Map<String, INDArray> outputs) {
        String gradient = "grad." + name;
        for (String candidate : List.of(name, ALIASES.getOrDefault(name, name), gradient)) {
            if (outputs.containsKey(candidate)) {
                return candidate;
            }
        }
        return null;
    }

    private static TensorError compare(
            String name, INDArray produced, INDArray expected, ForwardPassRecorder.Outputs outputs) {
        INDArray expectedValues = expected.castTo(DataType.DOUBLE);
        INDArray values = produced.castTo(DataType.DOUBLE);
        if (values.length() == 1 && expectedValues.length() == 1) {
            values = values.reshape(1);
            expectedValues = expectedValues.reshape(1);
        }
        if (!Arrays.equals(values.shape(), expectedValues.shape())) {
            String note = "expected " + Arrays.toString(expectedValues.shape());
            return new TensorError(name, values.shape(), Double.POSITIVE_INFINITY, note);
        }
        BatchLayout layout = outputs.layoutOf(name);
        double difference = 0;
        double norm = 0;
        for (int b = 0; b < (layout == null ? 1 : layout.batchSize()); b++) {
            INDArray x = layout == null ? values : withoutPadding(values, layout, b);
            INDArray y = layout == null ? expectedValues : withoutPadding(expectedValues, layout, b);
            difference += square(x.sub(y));
            norm += square(y);
        }
        return new TensorError(name, values.shape(), relative(difference, norm), "");
    }

    private static INDArray withoutPadding(INDArray tensor, BatchLayout layout, int b) {
        long from = layout.rowStarts()[b];
        return tensor.get(
                NDArrayIndex.point(b), NDArrayIndex.interval(from, from + layout.rowLengths()[b]), NDArrayIndex.all());
    }

    private static double square(INDArray x) {
        double norm = x.norm2Number().doubleValue();
        return norm * norm;
    }

    private static double relative(double difference, double norm) {
        double error = Math.sqrt(difference) / Math.sqrt(norm);
        // Two zero tensors are equal; NaN counts as an infinite error.
        return difference == 0 ? 0 : Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
    }

    /** Whether the error of every compared tensor is within the tolerance. */
    boolean isWithin(double tolerance) {
        return rows.stream().allMatch(row -> row.error() <= tolerance);
    }

    /** The comparison as a text table. */
    String table(double tolerance) {
        StringBuilder text = new StringBuilder();
        for (TensorError row : rows) {
            text.append(String.format(
                    Locale.ROOT,
                    "%-4s %-64s %-18s %.2e %s%n",
                    row.error() <= tolerance ? "ok" : "FAR",
                    row.name(),
                    Arrays.toString(row.shape()),
                    row.error(),
                    row.note()));
        }
        if (!unmatched.isEmpty()) {
            text.append("not compared (the model has no such tensor): ")
                    .append(String.join(", ", unmatched))
                    .append(System.lineSeparator());
        }
        return text.toString();
    }
}
