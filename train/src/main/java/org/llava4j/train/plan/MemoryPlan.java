package org.llava4j.train.plan;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.llava4j.data.BadInputException;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.Llava;
import org.llava4j.model.memory.MetaMemory;
import org.llava4j.model.memory.PooledMemory;
import org.llava4j.train.plan.MetaWeights.Weight;

/**
 * Memory estimate of a training run, computed from shapes alone; all sizes are bytes. The terms add up to the peak
 * resident memory:
 *
 * <ul>
 *   <li>the arrays of a step: the model's own graph runs on meta arrays ({@link StepTrace}), with the memory pool's
 *       policy. Of the forward pass, only arrays that a gradient reads stay alive: per decoder layer its input, q, k and v, the sum
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
 * @param planner of this run and similar ones
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
        long jvmBytes,
        MemoryPlanner planner) {

    /** Plans a run without reading or creating any weight. */
    public static MemoryPlan of(PlannedRun run) {
        return new MemoryPlanner().plan(run);
    }

    static MemoryPlan of(PlannedRun run, MemoryPlanner planner) {
        StepTrace trace = planner.trace(run);
        List<Weight> weights = trace.weights();
        long all = weights.stream().mapToLong(Weight::length).sum();
        long trainableWithUnread = weights.stream()
                .filter(weight -> run.isTrainable(weight.name()))
                .mapToLong(Weight::length)
                .sum();
        // The image start/end rows are a separate variable, and the same rows of the table are not read.
        long unreadRows = weights.stream()
                .filter(weight -> weight.name().equals(ImageStartEndEmbeddings.NAME))
                .mapToLong(Weight::length)
                .sum();
        long trainableParameters =
                trainableWithUnread - (run.trainable().test(ImageStartEndEmbeddings.TABLE) ? unreadRows : 0);
        long gradientBytes = trainableWithUnread * Float.BYTES * Math.min(2, run.gradientAccumulationSteps());
        MetaMemory memory = trace.simulate(run);
        long activationBytes = memory.peakIntermediateBytes();
        return new MemoryPlan(
                run,
                trainableParameters,
                all - unreadRows - trainableParameters,
                weights.stream().mapToLong(weight -> bytes(weight, run)).sum(),
                gradientBytes,
                2 * trainableWithUnread * Float.BYTES,
                activationBytes,
                gradientBytes + activationBytes - memory.peakInUseBytes(),
                StepTrace.inputBytes(run),
                estimatePoolBytes(run, memory, activationBytes),
                run.featureBytes(),
                JvmMemory.bytes(run),
                planner);
    }

    /** Plans a run that differs from this one in a few settings. */
    MemoryPlan withRun(PlannedRun changed) {
        return planner.plan(changed);
    }

    private static long bytes(Weight weight, PlannedRun run) {
        boolean lowPrecision = weight.matrix() && !run.isTrainable(weight.name());
        return lowPrecision ? run.frozenBytes(weight) : weight.length() * Float.BYTES;
    }

    private static long estimatePoolBytes(PlannedRun run, MetaMemory memory, long activationBytes) {
        long ofOneLength = memory.peakBytes() - memory.peakInUseBytes();
        if (run.padToMultipleOf() == 0) {
            return ofOneLength;
        }
        long others = (run.maxLength() - run.config().numImageTokens() - 1) / run.padToMultipleOf();
        // On average, another length has half of the text.
        return Math.min(PooledMemory.limitBytes(), ofOneLength + others * activationBytes / 2);
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
    boolean fits(MachineMemory machine) {
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
        List<String> changes = Suggestion.thatFit(this, machine).stream()
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
        List<String> smaller = Suggestion.thatNeedLess(this).stream()
                .map(change -> change.description() + " needs "
                        + formatBytes(withRun(change.run()).neededBytes()))
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
        return planner.trace(run).weights().stream()
                .map(Weight::name)
                .filter(name -> !name.startsWith(Llava.TOWER_PREFIX))
                .collect(Collectors.toCollection(LinkedHashSet::new));
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
