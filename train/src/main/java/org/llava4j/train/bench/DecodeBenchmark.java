package org.llava4j.train.bench;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.llava4j.model.Llava;
import org.llava4j.model.TensorSource;
import org.llava4j.model.generate.DecodeStepRunner;
import org.llava4j.model.kernels.BandwidthBaseline;
import org.llava4j.model.weights.WeightDtype;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Decode benchmark in this JVM: alternates decode steps of a batch with memory reads. A decode step cannot be faster
 * than one read of its weights, whatever the batch size.
 */
record DecodeBenchmark(BenchSize size, WeightDtype dtype, int batch, int repetitions) {
    static final String LABEL = "decode";
    /** Context length of each sequence: an image and a question. */
    static final int CONTEXT_LENGTH = 384;

    private static final int WARMUP = 30;
    private static final int STEPS = 20;

    /** Runs the benchmark and returns the results with the keys of the JSON report. */
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
        double baselineMs = weightBytes / bestRead;
        ObjectNode result = new JsonMapper().createObjectNode();
        result.put("case", LABEL);
        result.put("dtype", dtype.toString());
        result.put("batch", batch);
        result.put("context_length", CONTEXT_LENGTH);
        result.put("median_ms", stepMs);
        result.put("tokens_per_s", 1e3 * batch / stepMs);
        result.put("weight_mb", weightBytes / 1e6);
        result.put("read_gb_per_s", bestRead / 1e6);
        result.put("baseline_ms", baselineMs);
        result.put("efficiency", baselineMs / stepMs);
        return result;
    }

    private TensorSource weightsInDtype() {
        TensorSource float32 = BenchSize.weights();
        return new TensorSource() {
            @Override
            public INDArray tensor(String name, long... shape) {
                return float32.tensor(name, shape);
            }

            @Override
            public SDVariable declareMatrix(SameDiff graph, String name, long... shape) {
                return graph.constant(name, dtype.convert(name, float32.tensor(name, shape)));
            }
        };
    }

    /**
     * Bytes of weights that a step reads: the decoder layers and the LM head; of the embedding table it reads one row
     * per sequence.
     */
    private static long weightBytes(Llava model) {
        return model.weightNames().stream()
                .filter(name -> name.startsWith("model.layers.") || name.startsWith("lm_head."))
                .map(model::weight)
                .mapToLong(weight -> weight.length() * weight.dataType().width())
                .sum();
    }
}
