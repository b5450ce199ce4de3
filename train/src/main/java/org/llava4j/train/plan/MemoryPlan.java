package org.llava4j.train.plan;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.llava4j.data.BadInputException;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.features.TowerFeatures;
import org.llava4j.model.samediff.PooledMemory;
import org.llava4j.train.plan.PlannedRun.TowerPlacement;
import org.llava4j.train.plan.WeightShapes.Weight;

/**
 * Memory estimate of a training run, computed from shapes alone; all sizes are bytes. The terms add up to the peak
 * resident memory:
 *
 * <ul>
 *   <li>the arrays of a step: its operations are simulated one after the other on the memory pool of the graph. Of the
 *       forward pass, only arrays that a gradient reads stay alive: per decoder layer its input, q, k and v, the sum
 *       after attention, gate and up, and if the layer's matrices are trainable also the four inputs of its products;
 *       at the LM head the logits of the M target tokens and their gradient. Attention recomputes its probabilities in
 *       blocks, so no array has size T x T. With gradient checkpointing only the input of each layer stays alive, plus
 *       all activations of one layer at a time. A vision tower outside of the graph runs before the step and releases
 *       its arrays;
 *   <li>the pool keeps free arrays by shape for reuse: those that are free while others are in use, and those of other
 *       sequence lengths.
 * </ul>
 *
 * <p>Not included: writing the trained model folder, when whole tensors are converted one by one.
 *
 * @param run the planned run
 * @param trainableParameters number of trainable parameters
 * @param frozenParameters number of frozen parameters, including the tower's
 * @param weightBytes all weights: float32, or 16 bits for frozen matrices if requested
 * @param gradientBytes float32 gradients of all trainable parameters; twice with gradient accumulation
 * @param optimizerBytes AdamW's two moments of all trainable parameters, float32
 * @param activationBytes the peak of a step's arrays in use, without weight gradients
 * @param overlapBytes memory that gradients reuse from released activations: both do not peak at the same time
 * @param inputBytes inputs of a batch: pixels or features, and integers
 * @param poolBytes free arrays that the pool may keep; a run with less memory keeps fewer
 * @param featureBytes the in-memory feature cache, on the Java heap
 * @param jvmBytes the JVM with its libraries and the rest of its heap
 */
public record MemoryPlan(
        PlannedRun run,
        long trainableParameters,
        long frozenParameters,
        long weightBytes,
        long gradientBytes,
        long optimizerBytes,
        long activationBytes,
        long overlapBytes,
        long inputBytes,
        long poolBytes,
        long featureBytes,
        long jvmBytes) {

    private static final int SIMULATED_STEPS = 3;

    /** Plans a run without reading or creating any weight. */
    public static MemoryPlan of(PlannedRun run) {
        List<Weight> model = WeightShapes.model(run);
        List<Weight> tower = run.tower() == TowerPlacement.NONE ? List.of() : WeightShapes.tower(run.config());
        long trainableWithUnread = model.stream()
                .filter(weight -> weight.isTrainable(run.trainable()))
                .mapToLong(Weight::length)
                .sum();
        long all = Stream.concat(model.stream(), tower.stream())
                .mapToLong(Weight::length)
                .sum();
        long weightBytes = Stream.concat(model.stream(), tower.stream())
                .mapToLong(weight -> weight.bytes(run.trainable(), run.frozenDtype()))
                .sum();
        // The image start/end rows are a separate variable, and the same rows of the table are not read.
        long unreadRows = run.config().imageStartEndTokens().isPresent()
                ? (long) WeightShapes.IMAGE_START_END_ROWS
                        * run.config().decoder().hiddenSize()
                : 0;
        long trainableParameters =
                trainableWithUnread - (run.trainable().test(ImageStartEndEmbeddings.TABLE) ? unreadRows : 0);
        long gradientBytes = trainableWithUnread * Float.BYTES * Math.min(2, run.gradientAccumulationSteps());
        PoolSimulation pool = simulate(run);
        long activationBytes = pool.peakIntermediateBytes();
        return new MemoryPlan(
                run,
                trainableParameters,
                all - unreadRows - trainableParameters,
                weightBytes,
                gradientBytes,
                2 * trainableWithUnread * Float.BYTES,
                activationBytes,
                gradientBytes + activationBytes - pool.peakInUseBytes(),
                estimateInputBytes(run),
                estimatePoolBytes(run, pool, activationBytes),
                run.featureBytes(),
                JvmMemory.bytes(run));
    }

    /** Simulates a few steps with the longest batch. */
    private static PoolSimulation simulate(PlannedRun run) {
        PoolSimulation pool = new PoolSimulation(PooledMemory.limitBytes());
        StepGraph step = StepGraph.step(run);
        for (int i = 0; i < SIMULATED_STEPS; i++) {
            if (run.tower() == TowerPlacement.SEPARATE) {
                StepGraph tower = StepGraph.tower(run, Math.min(run.batchSize(), TowerFeatures.MAX_BATCH_SIZE));
                pool.run(tower);
                pool.releaseAll(tower.results());
            }
            for (int pass = 0; pass < Math.min(2, run.gradientAccumulationSteps()); pass++) {
                pool.run(step);
                pool.releaseAll(List.of(step.loss()));
                if (pass > 0) {
                    // Accumulated into the gradients of the previous pass.
                    pool.releaseAll(step.gradients());
                }
            }
            pool.releaseAll(step.gradients());
        }
        return pool;
    }

    private static long estimatePoolBytes(PlannedRun run, PoolSimulation pool, long activationBytes) {
        long ofOneLength = pool.peakBytes() - pool.peakInUseBytes();
        if (run.padToMultipleOf() == 0) {
            return ofOneLength;
        }
        long others = (run.maxLength() - run.config().numImageTokens() - 1) / run.padToMultipleOf();
        // On average, another length has half of the text.
        return Math.min(PooledMemory.limitBytes(), ofOneLength + others * activationBytes / 2);
    }

    private static long estimateInputBytes(PlannedRun run) {
        long side = run.config().vision().imageSizePx();
        long perImage = run.tower() == TowerPlacement.IN_GRAPH
                ? 3 * side * side
                : (long) run.config().numImageTokens() * run.config().vision().hiddenSize();
        long integers = 2L * run.maxLength() + run.config().numImageTokens();
        return run.batchSize() * (perImage + integers) * Float.BYTES + 2 * run.targetRows() * Integer.BYTES;
    }

    /** Memory that a run needs at least. */
    public long neededBytes() {
        long arrays = gradientBytes + activationBytes - overlapBytes;
        return weightBytes + optimizerBytes + arrays + inputBytes + featureBytes + jvmBytes;
    }

    /** The largest resident memory, including everything that the pool keeps. */
    public long peakBytes() {
        return neededBytes() + poolBytes;
    }

    /** Whether the run fits into the machine; the pool then keeps what is left. */
    public boolean fits(MachineMemory machine) {
        return neededBytes() <= machine.allowedBytes();
    }

    /**
     * Rejects a run that does not fit into the machine.
     *
     * @throws BadInputException if it does not fit; the message suggests changes that would
     */
    public void requireFits(MachineMemory machine) {
        if (fits(machine)) {
            return;
        }
        List<String> changes = Suggestion.thatFit(run, machine).stream()
                .map(Suggestion::description)
                .toList();
        throw new BadInputException(
                "the run needs " + formatBytes(neededBytes()) + " (batch size " + run.batchSize() + ", length "
                        + run.maxLength() + ", frozen matrices in " + run.frozenDtype() + ") but may use "
                        + formatBytes(machine.allowedBytes()) + " of " + machine + "; "
                        + (changes.isEmpty()
                                ? "no batch size or length makes it fit: use a smaller model, train fewer weights, or use another"
                                        + " machine"
                                : "it fits with " + String.join(", or with ", changes)));
    }

    /** Message for a run that ran out of memory: the estimate, and smaller settings. */
    public String outOfMemoryAdvice() {
        List<String> smaller = Suggestion.thatNeedLess(run).stream()
                .map(change -> change.description() + " needs "
                        + formatBytes(MemoryPlan.of(change.run()).neededBytes()))
                .toList();
        return "the memory estimate was " + formatBytes(neededBytes()) + ", at most " + formatBytes(peakBytes())
                + " including arrays kept"
                + " for reuse"
                + (smaller.isEmpty()
                        ? "; no smaller batch size or dtype needs less"
                        : "; " + String.join(", ", smaller));
    }

    /** Formats a number of bytes as MB or GB. */
    public static String formatBytes(long bytes) {
        // Values that round to 0 MB print without a sign.
        double mb = Math.abs(bytes) < 1 << 19 ? 0 : bytes / (double) (1 << 20);
        return mb < 1 << 10
                ? String.format(Locale.ROOT, "%.0f MB", mb)
                : String.format(Locale.ROOT, "%.1f GB", mb / (1 << 10));
    }

    /** Names of the weights that may be trainable: those of projector and decoder. */
    public Set<String> weightNames() {
        return WeightShapes.names(WeightShapes.model(run));
    }

    /** Returns the rows of the report: name to formatted value. */
    public Map<String, String> breakdown() {
        Map<String, String> rows = new LinkedHashMap<>();
        rows.put("trainable", String.format(Locale.ROOT, "%,d parameters", trainableParameters));
        rows.put("frozen", String.format(Locale.ROOT, "%,d parameters", frozenParameters));
        rows.put("weights", formatBytes(weightBytes) + ", frozen matrices in " + run.frozenDtype());
        rows.put("gradients", formatBytes(gradientBytes));
        rows.put("optimizer", formatBytes(optimizerBytes) + ", two moments");
        rows.put(
                "activations",
                formatBytes(activationBytes) + ", up to " + run.targetRows() + " target tokens reach the LM head"
                        + (run.gradientCheckpointing()
                                ? "; gradient checkpointing recomputes those inside decoder layers"
                                : ""));
        rows.put("overlap", "-" + formatBytes(overlapBytes) + ", gradients reuse the memory of activations");
        rows.put("inputs", formatBytes(inputBytes));
        rows.put("feature cache", formatBytes(featureBytes) + " in memory");
        rows.put("JVM", formatBytes(jvmBytes) + " with the rest of its heap");
        rows.put("needed", formatBytes(neededBytes()));
        rows.put("pool", formatBytes(poolBytes) + " more at most, free arrays kept for reuse");
        rows.put("peak", formatBytes(peakBytes()) + " at most");
        return rows;
    }

    /** Compares the estimate with a machine, in one line. */
    public String summary(MachineMemory machine) {
        return "memory: needs " + formatBytes(neededBytes()) + ", at most " + formatBytes(peakBytes())
                + " including arrays kept for reuse; may use " + formatBytes(machine.allowedBytes()) + " of "
                + machine;
    }
}
