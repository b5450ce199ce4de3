package org.llava4j.train.plan;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.llava4j.data.BadInputException;
import org.llava4j.model.SlotRows;
import org.llava4j.model.features.TowerFeatures;
import org.llava4j.model.samediff.PooledMemory;
import org.llava4j.train.plan.PlannedRun.Tower;
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
 * @param trainable parameters that learn
 * @param frozen parameters that do not, the tower's among them
 * @param weightBytes all weights: float32, frozen matrices in 16 bits where that was asked for
 * @param gradientBytes of all that learns, float32; twice where several passes are accumulated
 * @param optimizerBytes AdamW's two moments of all that learns, float32
 * @param activationBytes the most that a step has lent at one time, its gradients of weights left out
 * @param sharedBytes what gradients take of the room that activations have left: both are never at their most together
 * @param inputBytes what a batch is fed: pixels or features, and its integers
 * @param pooledBytes free arrays that the pool may keep; a run that lacks the room does with less
 * @param featureBytes the tower's features in memory, on Java's heap
 * @param jvmBytes the JVM with its libraries and the rest of its heap
 */
public record MemoryPlan(
        PlannedRun run,
        long trainable,
        long frozen,
        long weightBytes,
        long gradientBytes,
        long optimizerBytes,
        long activationBytes,
        long sharedBytes,
        long inputBytes,
        long pooledBytes,
        long featureBytes,
        long jvmBytes) {

    private static final int STEPS = 3;

    /** Plans a run. Nothing of any weight is read or made. */
    public static MemoryPlan of(PlannedRun run) {
        List<Weight> model = WeightShapes.model(run);
        List<Weight> tower = run.tower() == Tower.NONE ? List.of() : WeightShapes.tower(run.config());
        long learning = model.stream()
                .filter(weight -> weight.learns(run.learns()))
                .mapToLong(Weight::length)
                .sum();
        long all = Stream.concat(model.stream(), tower.stream())
                .mapToLong(Weight::length)
                .sum();
        long weightBytes = Stream.concat(model.stream(), tower.stream())
                .mapToLong(weight -> weight.bytes(run.learns(), run.frozenType()))
                .sum();
        // The slot's rows are a variable of their own, and rows of the table that are not read.
        long unread = run.config().imageSlot().isPresent()
                ? (long) WeightShapes.SLOT_ROWS * run.config().decoder().hiddenSize()
                : 0;
        long trainable = learning - (run.learns().test(SlotRows.TABLE) ? unread : 0);
        long gradientBytes = learning * Float.BYTES * Math.min(2, run.accumulation());
        PoolReplay pool = replay(run);
        long activationBytes = pool.mostBesideResultsBytes();
        return new MemoryPlan(
                run,
                trainable,
                all - unread - trainable,
                weightBytes,
                gradientBytes,
                2 * learning * Float.BYTES,
                activationBytes,
                gradientBytes + activationBytes - pool.mostLentBytes(),
                inputs(run),
                pooled(run, pool, activationBytes),
                run.featureBytes(),
                JvmShare.bytes(run));
    }

    /** A few steps of the longest batch. */
    private static PoolReplay replay(PlannedRun run) {
        PoolReplay pool = new PoolReplay(PooledMemory.limitBytes());
        StepGraph step = StepGraph.step(run);
        for (int i = 0; i < STEPS; i++) {
            if (run.tower() == Tower.BESIDE) {
                StepGraph tower = StepGraph.tower(run, Math.min(run.batch(), TowerFeatures.AT_ONCE));
                pool.run(tower);
                pool.takeBack(tower.wanted());
            }
            for (int pass = 0; pass < Math.min(2, run.accumulation()); pass++) {
                pool.run(step);
                pool.takeBack(List.of(step.loss()));
                if (pass > 0) {
                    // Added to those of the pass before.
                    pool.takeBack(step.gradients());
                }
            }
            pool.takeBack(step.gradients());
        }
        return pool;
    }

    private static long pooled(PlannedRun run, PoolReplay pool, long activationBytes) {
        long ofOneLength = pool.mostBytes() - pool.mostLentBytes();
        if (run.lengthMultiple() == 0) {
            return ofOneLength;
        }
        long others = (run.length() - run.config().imageVectors() - 1) / run.lengthMultiple();
        // On average another length has half of the text.
        return Math.min(PooledMemory.limitBytes(), ofOneLength + others * activationBytes / 2);
    }

    private static long inputs(PlannedRun run) {
        long side = run.config().vision().imageSizePx();
        long perImage = run.tower() == Tower.IN_GRAPH
                ? 3 * side * side
                : (long) run.config().imageVectors() * run.config().vision().hiddenSize();
        long integers = 2L * run.length() + run.config().imageVectors();
        return run.batch() * (perImage + integers) * Float.BYTES + 2 * run.targetRows() * Integer.BYTES;
    }

    /** What a run cannot do without. */
    public long neededBytes() {
        long arrays = gradientBytes + activationBytes - sharedBytes;
        return weightBytes + optimizerBytes + arrays + inputBytes + featureBytes + jvmBytes;
    }

    /** The most that will be resident, with all that the pool keeps. */
    public long peakBytes() {
        return neededBytes() + pooledBytes;
    }

    /** Whether the run can be done there; the pool then does with what is left. */
    public boolean fits(Machine machine) {
        return neededBytes() <= machine.allowedBytes();
    }

    /**
     * Refuses a run that cannot be done there.
     *
     * @throws BadInputException if it does not fit, with what would
     */
    public void requireFit(Machine machine) {
        if (fits(machine)) {
            return;
        }
        List<String> words =
                Suggestion.of(run, machine).stream().map(Suggestion::words).toList();
        throw new BadInputException("the run needs " + size(neededBytes()) + " (batch " + run.batch() + ", length "
                + run.length() + ", frozen matrices in " + run.frozenType() + ") but may take "
                + size(machine.allowedBytes()) + " of " + machine + "; "
                + (words.isEmpty()
                        ? "no batch or length makes it fit, take a smaller model, a stage that trains less or another"
                                + " machine"
                        : "it fits with " + String.join(", or with ", words)));
    }

    /** What a run that ran out of memory has to be told: what was planned, and what needs less. */
    public String afterFailure() {
        List<String> smaller = Suggestion.smaller(run).stream()
                .map(change -> change.words() + " needs "
                        + size(MemoryPlan.of(change.run()).neededBytes()))
                .toList();
        return "the memory plan said " + size(neededBytes()) + ", at most " + size(peakBytes())
                + " with all that is kept"
                + " for reuse"
                + (smaller.isEmpty() ? "; no smaller batch or type needs less" : "; " + String.join(", ", smaller));
    }

    /** Bytes in words. */
    public static String size(long bytes) {
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
    public Map<String, String> parts() {
        Map<String, String> parts = new LinkedHashMap<>();
        parts.put("trainable", String.format(Locale.ROOT, "%,d parameters", trainable));
        parts.put("frozen", String.format(Locale.ROOT, "%,d parameters", frozen));
        parts.put("weights", size(weightBytes) + ", frozen matrices in " + run.frozenType());
        parts.put("gradients", size(gradientBytes));
        parts.put("optimizer", size(optimizerBytes) + ", two moments");
        parts.put(
                "activations",
                size(activationBytes) + ", up to " + run.targetRows() + " rows reach the head"
                        + (run.recompute() ? "; those inside a decoder's layer are made again" : ""));
        parts.put("shared", "-" + size(sharedBytes) + ", gradients grow while activations go");
        parts.put("inputs", size(inputBytes));
        parts.put("feature cache", size(featureBytes) + " in memory");
        parts.put("JVM", size(jvmBytes) + " with the rest of its heap");
        parts.put("needed", size(neededBytes()));
        parts.put("pool", size(pooledBytes) + " more at most, arrays kept for reuse");
        parts.put("peak", size(peakBytes()) + " at most");
        return parts;
    }

    /** The plan against a machine in one line. */
    public String summary(Machine machine) {
        return "memory: needs " + size(neededBytes()) + ", at most " + size(peakBytes()) + " with all that is kept for"
                + " reuse; may take " + size(machine.allowedBytes()) + " of " + machine;
    }
}
