package org.llava4j.train.stage;

import java.util.Optional;
import org.llava4j.data.tensors.TensorType;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.train.plan.MachineMemory;

/**
 * What a run may be told beyond its stage.
 *
 * @param saveType type of the weights in the output: F32, F16 or BF16
 * @param frozenDtype how the matrices of frozen layers are kept in memory; files get the numbers that were read
 * @param gradientCheckpointing activations inside the decoder's layers are made again instead of kept; the same numbers
 * @param projectorType for a model that has no projector yet; otherwise its config says it
 * @param selectLayer another hidden state of the tower as the feature than the config's; -2 is LLaVA's
 * @param featureCacheBytes bound of the feature cache on disk
 * @param featureMemoryBytes bound of the features in memory
 * @param checkpointPolicy how the run keeps what an interruption must not cost
 * @param validation what the run is measured on while it learns
 * @param machine a run that does not fit there is refused; empty to try it all the same
 */
public record RunOptions(
        TensorType saveType,
        WeightDtype frozenDtype,
        boolean gradientCheckpointing,
        Optional<ProjectorType> projectorType,
        Optional<Integer> selectLayer,
        long featureCacheBytes,
        long featureMemoryBytes,
        CheckpointPolicy checkpointPolicy,
        Optional<ValidationOptions> validation,
        Optional<MachineMemory> machine) {

    /** Exact weights, the model's own architecture, 20 GB of features on disk and 256 MB in memory, this machine. */
    public static final RunOptions DEFAULT = new RunOptions(
            TensorType.F32,
            WeightDtype.FP32,
            false,
            Optional.empty(),
            Optional.empty(),
            20L << 30,
            256L << 20,
            CheckpointPolicy.NONE,
            Optional.empty(),
            Optional.of(MachineMemory.detect()));

    public RunOptions withFrozenDtype(WeightDtype type) {
        return new RunOptions(
                saveType,
                type,
                gradientCheckpointing,
                projectorType,
                selectLayer,
                featureCacheBytes,
                featureMemoryBytes,
                checkpointPolicy,
                validation,
                machine);
    }

    /** @param again whether activations are made again instead of kept */
    public RunOptions withGradientCheckpointing(boolean again) {
        return new RunOptions(
                saveType,
                frozenDtype,
                again,
                projectorType,
                selectLayer,
                featureCacheBytes,
                featureMemoryBytes,
                checkpointPolicy,
                validation,
                machine);
    }

    /** @param how checkpoints of the run are kept */
    public RunOptions withCheckpointPolicy(CheckpointPolicy how) {
        return new RunOptions(
                saveType,
                frozenDtype,
                gradientCheckpointing,
                projectorType,
                selectLayer,
                featureCacheBytes,
                featureMemoryBytes,
                how,
                validation,
                machine);
    }

    /** @param data what the run is measured on while it learns */
    public RunOptions withValidation(ValidationOptions data) {
        return new RunOptions(
                saveType,
                frozenDtype,
                gradientCheckpointing,
                projectorType,
                selectLayer,
                featureCacheBytes,
                featureMemoryBytes,
                checkpointPolicy,
                Optional.of(data),
                machine);
    }

    /** @param room what a run must fit into; empty to try it all the same */
    public RunOptions withMachine(Optional<MachineMemory> room) {
        return new RunOptions(
                saveType,
                frozenDtype,
                gradientCheckpointing,
                projectorType,
                selectLayer,
                featureCacheBytes,
                featureMemoryBytes,
                checkpointPolicy,
                validation,
                room);
    }
}
