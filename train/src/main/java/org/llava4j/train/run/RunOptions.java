package org.llava4j.train.run;

import org.jspecify.annotations.Nullable;
import org.llava4j.data.image.ExifOrientation;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.train.plan.MachineMemory;

/**
 * Options of a run besides its stage.
 *
 * @param saveType dtype of the weights in the output: F32, F16 or BF16
 * @param frozenDtype dtype of frozen matrices in memory; the output gets the values that were read
 * @param gradientCheckpointing whether the activations of decoder layers are recomputed in the backward pass; results
 *     are identical
 * @param projectorType for a model without projector; null for the one of its config
 * @param selectLayer layer of the vision tower whose output is the feature, -2 in LLaVA; null for the config's
 * @param exifOrientation treatment of the EXIF orientation of images
 * @param featureCacheBytes maximum size of the feature cache on disk
 * @param featureMemoryBytes maximum size of the feature cache in memory
 * @param checkpointPolicy when checkpoints are written and resumed
 * @param validation validation set; null for none
 * @param machine memory that the run must fit into; null to skip the check
 */
public record RunOptions(
        TensorType saveType,
        WeightDtype frozenDtype,
        boolean gradientCheckpointing,
        @Nullable ProjectorType projectorType,
        @Nullable Integer selectLayer,
        ExifOrientation exifOrientation,
        long featureCacheBytes,
        long featureMemoryBytes,
        CheckpointPolicy checkpointPolicy,
        @Nullable ValidationOptions validation,
        @Nullable MachineMemory machine) {

    /** Float32 weights, the model's own architecture, 20 GB of features on disk and 256 MB in memory, this machine. */
    public static final RunOptions DEFAULT = new RunOptions(
            TensorType.F32,
            WeightDtype.FP32,
            false,
            null,
            null,
            ExifOrientation.IGNORE,
            20L << 30,
            256L << 20,
            CheckpointPolicy.NONE,
            null,
            MachineMemory.detect());

    /** @param type dtype of frozen matrices in memory */
    public RunOptions withFrozenDtype(WeightDtype type) {
        return new RunOptions(
                saveType,
                type,
                gradientCheckpointing,
                projectorType,
                selectLayer,
                exifOrientation,
                featureCacheBytes,
                featureMemoryBytes,
                checkpointPolicy,
                validation,
                machine);
    }

    /** @param enabled whether activations are recomputed in the backward pass */
    public RunOptions withGradientCheckpointing(boolean enabled) {
        return new RunOptions(
                saveType,
                frozenDtype,
                enabled,
                projectorType,
                selectLayer,
                exifOrientation,
                featureCacheBytes,
                featureMemoryBytes,
                checkpointPolicy,
                validation,
                machine);
    }

    /** @param policy when checkpoints are written and resumed */
    public RunOptions withCheckpointPolicy(CheckpointPolicy policy) {
        return new RunOptions(
                saveType,
                frozenDtype,
                gradientCheckpointing,
                projectorType,
                selectLayer,
                exifOrientation,
                featureCacheBytes,
                featureMemoryBytes,
                policy,
                validation,
                machine);
    }

    /** @param data validation set */
    public RunOptions withValidation(ValidationOptions data) {
        return new RunOptions(
                saveType,
                frozenDtype,
                gradientCheckpointing,
                projectorType,
                selectLayer,
                exifOrientation,
                featureCacheBytes,
                featureMemoryBytes,
                checkpointPolicy,
                data,
                machine);
    }

    /** @param memory memory that the run must fit into; null to skip the check */
    public RunOptions withMachine(@Nullable MachineMemory memory) {
        return new RunOptions(
                saveType,
                frozenDtype,
                gradientCheckpointing,
                projectorType,
                selectLayer,
                exifOrientation,
                featureCacheBytes,
                featureMemoryBytes,
                checkpointPolicy,
                validation,
                memory);
    }
}
