package org.llava4j.train.stage;

import java.util.Optional;
import org.llava4j.data.tensors.TensorType;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.weights.FrozenType;
import org.llava4j.train.plan.MachineMemory;

/**
 * What a run may be told beyond its stage.
 *
 * @param saveAs type of the weights in the output: F32, F16 or BF16
 * @param frozenType how the matrices of frozen layers are kept in memory; files get the numbers that were read
 * @param recompute activations inside the decoder's layers are made again instead of kept; the same numbers
 * @param projectorType for a model that has no projector yet; otherwise its config says it
 * @param selectLayer another hidden state of the tower as the feature than the config's; -2 is LLaVA's
 * @param featureCacheBytes bound of the feature cache on disk
 * @param featureMemoryBytes bound of the features in memory
 * @param saving how the run keeps what an interruption must not cost
 * @param heldOut what the run is measured on while it learns
 * @param machine a run that does not fit there is refused; empty to try it all the same
 */
public record RunOptions(
        TensorType saveAs,
        FrozenType frozenType,
        boolean recompute,
        Optional<ProjectorType> projectorType,
        Optional<Integer> selectLayer,
        long featureCacheBytes,
        long featureMemoryBytes,
        Saving saving,
        Optional<HeldOut> heldOut,
        Optional<MachineMemory> machine) {

    /** Exact weights, the model's own architecture, 20 GB of features on disk and 256 MB in memory, this machine. */
    public static final RunOptions DEFAULT = new RunOptions(
            TensorType.F32,
            FrozenType.FP32,
            false,
            Optional.empty(),
            Optional.empty(),
            20L << 30,
            256L << 20,
            Saving.NONE,
            Optional.empty(),
            Optional.of(MachineMemory.detect()));

    public RunOptions withFrozenType(FrozenType type) {
        return new RunOptions(
                saveAs,
                type,
                recompute,
                projectorType,
                selectLayer,
                featureCacheBytes,
                featureMemoryBytes,
                saving,
                heldOut,
                machine);
    }

    /** @param again whether activations are made again instead of kept */
    public RunOptions withRecompute(boolean again) {
        return new RunOptions(
                saveAs,
                frozenType,
                again,
                projectorType,
                selectLayer,
                featureCacheBytes,
                featureMemoryBytes,
                saving,
                heldOut,
                machine);
    }

    /** @param how checkpoints of the run are kept */
    public RunOptions withSaving(Saving how) {
        return new RunOptions(
                saveAs,
                frozenType,
                recompute,
                projectorType,
                selectLayer,
                featureCacheBytes,
                featureMemoryBytes,
                how,
                heldOut,
                machine);
    }

    /** @param data what the run is measured on while it learns */
    public RunOptions withHeldOut(HeldOut data) {
        return new RunOptions(
                saveAs,
                frozenType,
                recompute,
                projectorType,
                selectLayer,
                featureCacheBytes,
                featureMemoryBytes,
                saving,
                Optional.of(data),
                machine);
    }

    /** @param room what a run must fit into; empty to try it all the same */
    public RunOptions withMachine(Optional<MachineMemory> room) {
        return new RunOptions(
                saveAs,
                frozenType,
                recompute,
                projectorType,
                selectLayer,
                featureCacheBytes,
                featureMemoryBytes,
                saving,
                heldOut,
                room);
    }
}
