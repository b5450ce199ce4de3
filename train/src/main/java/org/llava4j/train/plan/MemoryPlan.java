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
 * What a run takes, from shapes alone; all sizes are bytes. The terms are those of resident memory at its peak:
 *
 * <ul>
 *   <li>a step's arrays: its operations are replayed one after the other on the pool that the graph runs on. Of the
 *       forward pass lives what a gradient still reads: of a decoder's layer its input, q, k and v, the sum after
 *       attention, gate and up, and where a layer's matrices learn the four inputs of its products as well; of the head
 *       the logits of the M supervised rows, and their gradient. Attention computes its probabilities again, in blocks,
 *       so that nothing of T x T is there. Where activations are made again, the input alone lives of a layer, and all
 *       the rest of one layer at a time. A tower that stands beside the graph runs before and gives back its arrays;
 *   <li>the pool keeps arrays for later, by shape: those that are free while others are lent, and those of other
 *       lengths.
 * </ul>
 *
 * <p>Not in it: the moment of writing the trained folder, when whole tensors are converted one by one.
 *
 * @param run what was planned
 * @param trainableParameters parameters that learn
 * @param frozenParameters parameters that do not, the tower's among them
 * @param weightBytes all weights: float32, frozen matrices in 16 bits where that was asked for
 * @param gradientBytes of all that learns, float32; twice where several passes are accumulated
 * @param optimizerBytes AdamW's two moments of all that learns, float32
 * @param activationBytes the most that a step has lent at one time, its gradients of weights left out
 * @param overlapBytes what gradients take of the room that activations have left: both are never at their most together
 * @param inputBytes what a batch is fed: pixels or features, and its integers
 * @param poolBytes free arrays that the pool may keep; a run that lacks the room does with less
 * @param featureBytes the tower's features in memory, on Java's heap
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

    /** Plans a run. Nothing of any weight is read or made. */
    public static MemoryPlan of(PlannedRun run) {
        List<Weight> model = WeightShapes.model(run);
        List<Weight> tower = run.tower() == TowerPlacement.NONE ? List.of() : WeightShapes.tower(run.config());
        long learning = model.stream()
                .filter(weight -> weight.isTrainable(run.trainable()))
                .mapToLong(Weight::length)
                .sum();
        long all = Stream.concat(model.stream(), tower.stream())
                .mapToLong(Weight::length)
                .sum();
        long weightBytes = Stream.concat(model.stream(), tower.stream())
                .mapToLong(weight -> weight.bytes(run.trainable(), run.frozenDtype()))
                .sum();
        // The slot's rows are a variable of their own, and rows of the table that are not read.
        long unread = run.config().imageStartEndTokens().isPresent()
                ? (long) WeightShapes.IMAGE_START_END_ROWS
                        * run.config().decoder().hiddenSize()
                : 0;
        long trainable = learning - (run.trainable().test(ImageStartEndEmbeddings.TABLE) ? unread : 0);
        long gradientBytes = learning * Float.BYTES * Math.min(2, run.gradientAccumulationSteps());
        PoolSimulation pool = simulate(run);
        long activationBytes = pool.peakIntermediateBytes();
        return new MemoryPlan(
                run,
                trainable,
                all - unread - trainable,
                weightBytes,
                gradientBytes,
                2 * learning * Float.BYTES,
                activationBytes,
                gradientBytes + activationBytes - pool.peakInUseBytes(),
                estimateInputBytes(run),
                estimatePoolBytes(run, pool, activationBytes),
                run.featureBytes(),
                JvmMemory.bytes(run));
    }

    /** A few steps of the longest batch. */
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
                    // Added to those of the pass before.
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
        // On average another length has half of the text.
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

    /** What a run cannot do without. */
    public long neededBytes() {
        long arrays = gradientBytes + activationBytes - overlapBytes;
        return weightBytes + optimizerBytes + arrays + inputBytes + featureBytes + jvmBytes;
    }

    /** The most that will be resident, with all that the pool keeps. */
    public long peakBytes() {
        return neededBytes() + poolBytes;
    }

    /** Whether the run can be done there; the pool then does with what is left. */
    public boolean fits(MachineMemory machine) {
        return neededBytes() <= machine.allowedBytes();
    }

    /**
     * Refuses a run that cannot be done there.
     *
     * @throws BadInputException if it does not fit, with what would
     */
    public void requireFits(MachineMemory machine) {
        if (fits(machine)) {
            return;
        }
        List<String> words = Suggestion.thatFit(run, machine).stream()
                .map(Suggestion::description)
                .toList();
        throw new BadInputException(
                "the run needs " + formatBytes(neededBytes()) + " (batch " + run.batchSize() + ", length "
                        + run.maxLength() + ", frozen matrices in " + run.frozenDtype() + ") but may take "
                        + formatBytes(machine.allowedBytes()) + " of " + machine + "; "
                        + (words.isEmpty()
                                ? "no batch or length makes it fit, take a smaller model, a stage that trains less or another"
                                        + " machine"
                                : "it fits with " + String.join(", or with ", words)));
    }

    /** What a run that ran out of memory has to be told: what was planned, and what needs less. */
    public String outOfMemoryAdvice() {
        List<String> smaller = Suggestion.thatNeedLess(run).stream()
                .map(change -> change.description() + " needs "
                        + formatBytes(MemoryPlan.of(change.run()).neededBytes()))
                .toList();
        return "the memory plan said " + formatBytes(neededBytes()) + ", at most " + formatBytes(peakBytes())
                + " with all that is kept"
                + " for reuse"
                + (smaller.isEmpty() ? "; no smaller batch or type needs less" : "; " + String.join(", ", smaller));
    }

    /** Bytes in words. */
    public static String formatBytes(long bytes) {
        // Less than half a megabyte is none, on either side of it.
        double mb = Math.abs(bytes) < 1 << 19 ? 0 : bytes / (double) (1 << 20);
        return mb < 1 << 10
                ? String.format(Locale.ROOT, "%.0f MB", mb)
                : String.format(Locale.ROOT, "%.1f GB", mb / (1 << 10));
    }

    /** Names of the weights that could learn: those of projector and decoder. */
    public Set<String> weightNames() {
        return WeightShapes.names(WeightShapes.model(run));
    }

    /** Each part by its name, in words. */
    public Map<String, String> breakdown() {
        Map<String, String> parts = new LinkedHashMap<>();
        parts.put("trainable", String.format(Locale.ROOT, "%,d parameters", trainableParameters));
        parts.put("frozen", String.format(Locale.ROOT, "%,d parameters", frozenParameters));
        parts.put("weights", formatBytes(weightBytes) + ", frozen matrices in " + run.frozenDtype());
        parts.put("gradients", formatBytes(gradientBytes));
        parts.put("optimizer", formatBytes(optimizerBytes) + ", two moments");
        parts.put(
                "activations",
                formatBytes(activationBytes) + ", up to " + run.targetRows() + " rows reach the head"
                        + (run.gradientCheckpointing() ? "; those inside a decoder's layer are made again" : ""));
        parts.put("shared", "-" + formatBytes(overlapBytes) + ", gradients grow while activations go");
        parts.put("inputs", formatBytes(inputBytes));
        parts.put("feature cache", formatBytes(featureBytes) + " in memory");
        parts.put("JVM", formatBytes(jvmBytes) + " with the rest of its heap");
        parts.put("needed", formatBytes(neededBytes()));
        parts.put("pool", formatBytes(poolBytes) + " more at most, arrays kept for reuse");
        parts.put("peak", formatBytes(peakBytes()) + " at most");
        return parts;
    }

    /** The plan against a machine in one line. */
    public String summary(MachineMemory machine) {
        return "memory: needs " + formatBytes(neededBytes()) + ", at most " + formatBytes(peakBytes())
                + " with all that is kept for" + " reuse; may take " + formatBytes(machine.allowedBytes()) + " of "
                + machine;
    }
}
