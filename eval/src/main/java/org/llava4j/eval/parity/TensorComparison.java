package org.llava4j.eval.parity;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.model.ForwardPassRecorder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Our tensors against expected ones. The relative error is |x - y| / |y| in the 2-norm over a whole tensor; of tensors
 * over a text's positions only the real ones count, since nothing reads the padded ones.
 *
 * @param rows one for each tensor that both sides have, in our order
 * @param unmatched expected names that we have nothing for
 */
public record TensorComparison(List<TensorError> rows, List<String> unmatched) {

    /** Other names that the published code gives to what we call differently. */
    private static final Map<String, String> ALIASES =
            Map.of("features_m2_patch", "features", "image_features", "projected");

    /**
     * @param name ours
     * @param error relative, infinite where the shapes differ
     * @param note what else is to be said, often empty
     */
    public record TensorError(String name, long[] shape, double error, String note) {}

    static TensorComparison of(ForwardPassRecorder.Outputs outputs, Map<String, INDArray> expected) {
        Map<String, INDArray> byOurName = new LinkedHashMap<>();
        List<String> notCompared = new ArrayList<>();
        expected.forEach((name, tensor) -> {
            String ours = ourName(name, outputs.tensors());
            if (ours == null) {
                notCompared.add(name);
            } else {
                byOurName.put(ours, tensor);
            }
        });
        List<TensorError> rows = new ArrayList<>();
        outputs.tensors().forEach((name, tensor) -> {
            if (byOurName.containsKey(name)) {
                rows.add(compare(name, outputs, byOurName.get(name)));
            }
        });
        return new TensorComparison(rows, notCompared);
    }

    private static String ourName(String name, Map<String, INDArray> ours) {
        String gradient = "grad." + name;
        for (String candidate : List.of(name, ALIASES.getOrDefault(name, name), gradient)) {
            if (ours.containsKey(candidate)) {
                return candidate;
            }
        }
        return null;
    }

    private static TensorError compare(String name, ForwardPassRecorder.Outputs outputs, INDArray expected) {
        INDArray wanted = expected.castTo(DataType.DOUBLE);
        INDArray got = outputs.tensors().get(name).castTo(DataType.DOUBLE);
        if (got.length() == 1 && wanted.length() == 1) {
            got = got.reshape(1);
            wanted = wanted.reshape(1);
        }
        if (!Arrays.equals(got.shape(), wanted.shape())) {
            String note = "expected " + Arrays.toString(wanted.shape());
            return new TensorError(name, got.shape(), Double.POSITIVE_INFINITY, note);
        }
        BatchLayout layout = outputs.layout();
        boolean overText = outputs.isPerPosition(name);
        double difference = 0;
        double norm = 0;
        for (int b = 0; b < (overText ? layout.batchSize() : 1); b++) {
            INDArray x = overText ? realRows(got, layout, b) : got;
            INDArray y = overText ? realRows(wanted, layout, b) : wanted;
            difference += square(x.sub(y));
            norm += square(y);
        }
        return new TensorError(name, got.shape(), relative(difference, norm), "");
    }

    private static INDArray realRows(INDArray tensor, BatchLayout layout, int b) {
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
        // Both zero is agreement; anything that is no number is none.
        return difference == 0 ? 0 : Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
    }

    /** Whether every compared tensor is within the tolerance. */
    public boolean isWithin(double tolerance) {
        return rows.stream().allMatch(row -> row.error() <= tolerance);
    }

    /** A table for a terminal. */
    public String table(double tolerance) {
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
            text.append("not compared (no such tensor here): ")
                    .append(String.join(", ", unmatched))
                    .append(System.lineSeparator());
        }
        return text.toString();
    }
}
