package org.llava4j.train.bench;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.llava4j.model.Llava;
import org.llava4j.model.generate.DecodeStepRunner;
import org.llava4j.model.kernels.BandwidthBaseline;
import org.llava4j.model.weights.TensorSource;
import org.llava4j.model.weights.WeightDtype;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Measures decoding in this JVM: steps of some texts, and reads of memory, in turn. No step can be faster than its
 * weights are read, once for all texts.
 */
record DecodeBenchmark(BenchSize size, WeightDtype dtype, int batch, int repetitions) {
    static final String LABEL = "decode";
    /** Positions of each text, an image and a question. */
    static final int CONTEXT_LENGTH = 384;

    private static final int WARMUP = 200;
    private static final int STEPS = 20;

    /** What was found, under the names of the bench's file. */
    ObjectNode measure() {
        Llava model = Llava.build(size.config(), weightsInDtype(), Llava.ImageInput.FEATURES);
        DecodeStepRunner steps = new DecodeStepRunner(model, batch, CONTEXT_LENGTH);
        long weightBytes = weightBytes(model);
        List<Double> times = new ArrayList<>();
        double bestRead = 0;
        try (BandwidthBaseline reads = new BandwidthBaseline()) {
            for (int i = 0; i < WARMUP; i++) {
                steps.run();
            }
            for (int i = 0; i < repetitions; i++) {
                bestRead = Math.max(bestRead, reads.bytes() / Timing.milliseconds(reads::run));
                for (int step = 0; step < STEPS; step++) {
                    times.add(Timing.milliseconds(steps::run));
                }
            }
        }
        double stepMs = Timing.median(times);
        double floorMs = weightBytes / bestRead;
        ObjectNode result = new JsonMapper().createObjectNode();
        result.put("case", LABEL);
        result.put("dtype", dtype.toString());
        result.put("batch", batch);
        result.put("positions", CONTEXT_LENGTH);
        result.put("median_ms", stepMs);
        result.put("tokens_per_s", 1e3 * batch / stepMs);
        result.put("weight_mb", weightBytes / 1e6);
        result.put("read_gb_per_s", bestRead / 1e6);
        result.put("floor_ms", floorMs);
        result.put("efficiency", floorMs / stepMs);
        return result;
    }

    private TensorSource weightsInDtype() {
        TensorSource wide = BenchSize.weights();
        return new TensorSource() {
            @Override
            public INDArray tensor(String name, long... shape) {
                return wide.tensor(name, shape);
            }

            @Override
            public SDVariable declareMatrix(SameDiff graph, String name, long... shape) {
                return graph.constant(name, dtype.convert(name, wide.tensor(name, shape)));
            }
        };
    }

    /** Bytes that a step reads of weights: the layers and the head; of the table only a row. */
    private static long weightBytes(Llava model) {
        return model.weightNames().stream()
                .filter(name -> name.startsWith("model.layers.") || name.startsWith("lm_head."))
                .map(model::weight)
                .mapToLong(weight -> weight.length() * weight.dataType().width())
                .sum();
    }
}
