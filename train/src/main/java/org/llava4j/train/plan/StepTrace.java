package org.llava4j.train.plan;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.Llava;
import org.llava4j.model.Llava.GradientPass;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.features.TowerFeatures;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.lora.Lora;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.memory.MetaMemory;
import org.llava4j.model.samediff.GraphTrace;
import org.llava4j.train.plan.MetaWeights.Weight;
import org.llava4j.train.plan.PlannedRun.TowerPlacement;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Trace of a training step on meta arrays: the model's own graph, forward and backward, and the vision tower if it runs
 * outside of that graph. A trace holds for every batch size and length.
 */
public final class StepTrace {
    private static final int SIMULATED_STEPS = 3;
    private static final int PIXEL_CHANNELS = 3;

    private final List<Weight> weights;
    private final GraphTrace pass;
    private final @Nullable GraphTrace tower;

    private StepTrace(List<Weight> weights, GraphTrace pass, @Nullable GraphTrace tower) {
        this.weights = weights;
        this.pass = pass;
        this.tower = tower;
    }

    /**
     * Builds the graphs of a run without any weight and traces them.
     *
     * @param kernels called with meta arrays, so they must compute nothing (see {@link
     *     org.llava4j.model.kernels.MetaKernels})
     */
    public static StepTrace of(PlannedRun run, Kernels kernels) {
        MetaWeights weights = new MetaWeights();
        GraphTrace pass = tracePass(run, weights, kernels);
        GraphTrace tower = run.tower() == TowerPlacement.SEPARATE ? traceTower(run, weights, kernels) : null;
        return new StepTrace(weights.declared(), pass, tower);
    }

    private static GraphTrace tracePass(PlannedRun run, MetaWeights weights, Kernels kernels) {
        ImageInput input = run.tower() == TowerPlacement.IN_GRAPH ? ImageInput.PIXELS : ImageInput.FEATURES;
        LoraConfig lora = run.lora();
        Llava model = Llava.build(run.config(), weights, input, lora == null ? null : new Lora(lora, 0));
        model.setTrainable(run::isTrainable);
        model.setGradientCheckpointing(run.gradientCheckpointing());
        List<String> trainable = model.trainableNames();
        GradientPass pass = trainable.isEmpty()
                ? new GradientPass(model.graph(), List.of(Llava.LOSS))
                : model.gradientPass(trainable);
        return GraphTrace.of(pass.graph(), pass.outputs(), batch(run), kernels);
    }

    private static GraphTrace traceTower(PlannedRun run, MetaWeights weights, Kernels kernels) {
        Llava tower = Llava.buildTower(run.config(), weights);
        return GraphTrace.of(tower.graph(), List.of(Llava.FEATURES), images(run), kernels);
    }

    /** Weights of all graphs. */
    List<Weight> weights() {
        return weights;
    }

    /** Runs a few steps with the longest batch and returns the memory pool that they have shared. */
    MetaMemory simulate(PlannedRun run) {
        MetaMemory memory = new MetaMemory();
        Map<String, INDArray> batch = batch(run);
        for (int step = 0; step < SIMULATED_STEPS; step++) {
            if (tower != null) {
                tower.replay(images(run), memory).forEach(memory::release);
            }
            List<INDArray> gradients = simulatePass(batch, memory);
            if (run.gradientAccumulationSteps() > 1) {
                // Added to the gradients of the first pass.
                simulatePass(batch, memory).forEach(memory::release);
            }
            gradients.forEach(memory::release);
        }
        return memory;
    }

    /** Returns the gradients. */
    private List<INDArray> simulatePass(Map<String, INDArray> batch, MetaMemory memory) {
        List<INDArray> results = pass.replay(batch, memory);
        memory.release(results.get(0));
        return results.subList(1, results.size());
    }

    /** Bytes of the inputs of the longest batch. */
    static long inputBytes(PlannedRun run) {
        return batch(run).values().stream()
                .mapToLong(array -> array.length() * array.dataType().width())
                .sum();
    }

    /** The longest batch of a run: the placeholders of {@link Llava}. */
    private static Map<String, INDArray> batch(PlannedRun run) {
        LlavaConfig config = run.config();
        long batchSize = run.batchSize();
        long rows = batchSize * run.maxLength();
        long imageRows = batchSize * config.numImageTokens();
        Map<String, INDArray> batch = new LinkedHashMap<>();
        if (run.tower() == TowerPlacement.IN_GRAPH) {
            batch.put(Llava.PIXEL_VALUES, pixels(config, batchSize));
        } else {
            batch.put(
                    Llava.IMAGE_FEATURES,
                    MetaMemory.array(DataType.FLOAT, imageRows, config.vision().hiddenSize()));
        }
        batch.put(Llava.INPUT_IDS, MetaMemory.array(DataType.INT32, batchSize, run.maxLength()));
        batch.put(Llava.IMAGE_ROWS, MetaMemory.array(DataType.INT32, imageRows));
        batch.put(Llava.POSITIONS, MetaMemory.array(DataType.INT32, rows));
        batch.put(Llava.ROW_STARTS, MetaMemory.array(DataType.INT32, batchSize));
        batch.put(Llava.TARGET_ROWS, MetaMemory.array(DataType.INT32, run.targetRows()));
        batch.put(Llava.TARGETS, MetaMemory.array(DataType.INT32, run.targetRows()));
        LoraConfig lora = run.lora();
        if (lora != null && lora.dropout() > 0) {
            batch.put(Llava.DROPOUT_SEED, MetaMemory.array(DataType.INT64, 1));
        }
        return batch;
    }

    /** The largest batch of the vision tower outside of the graph. */
    private static Map<String, INDArray> images(PlannedRun run) {
        return Map.of(
                Llava.PIXEL_VALUES, pixels(run.config(), Math.min(run.batchSize(), TowerFeatures.MAX_BATCH_SIZE)));
    }

    private static INDArray pixels(LlavaConfig config, long images) {
        int side = config.vision().imageSizePx();
        return MetaMemory.array(DataType.FLOAT, images, PIXEL_CHANNELS, side, side);
    }
}
