package org.llava4j.train.run;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.image.ExifOrientation;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.train.plan.MachineMemory;
import org.nd4j.linalg.dataset.api.MultiDataSetPreProcessor;

/**
 * Options of a run besides its stage.
 *
 * @param model how the model is loaded
 * @param features image features
 * @param saveType dtype of the weights in the output: F32, F16 or BF16
 * @param checkpointPolicy when checkpoints are written and resumed
 * @param validation validation set; null for none
 * @param preProcessor changes each batch of the training data in place before the model gets it; null for none
 * @param machine memory that the run must fit into; null to skip the check
 */
public record RunOptions(
        ModelOptions model,
        FeatureOptions features,
        TensorType saveType,
        CheckpointPolicy checkpointPolicy,
        @Nullable ValidationOptions validation,
        @Nullable MultiDataSetPreProcessor preProcessor,
        @Nullable MachineMemory machine) {

    /** Float32 weights, the model's own architecture, 20 GB of features on disk and 256 MB in memory, this machine. */
    public static final RunOptions DEFAULT = new RunOptions(
            new ModelOptions(WeightDtype.FP32, false, null, null),
            new FeatureOptions(ExifOrientation.IGNORE, 20L << 30, 256L << 20),
            TensorType.F32,
            CheckpointPolicy.NONE,
            null,
            null,
            MachineMemory.detect());

    /**
     * How the model is loaded.
     *
     * @param frozenDtype dtype of frozen matrices in memory; the output gets the values that were read. A quantized folder
     *     needs its own, or {@link WeightDtype#STORED}
     * @param gradientCheckpointing whether the activations of decoder layers are recomputed in the backward pass;
     *     results are identical
     * @param projectorType for a model without projector; null for the one of its config
     * @param selectLayer layer of the vision tower whose output is the feature, -2 in LLaVA; null for the config's
     */
    public record ModelOptions(
            WeightDtype frozenDtype,
            boolean gradientCheckpointing,
            @Nullable ProjectorType projectorType,
            @Nullable Integer selectLayer)
            implements Serializable {}

    /**
     * Options of the image features.
     *
     * @param exifOrientation treatment of the EXIF orientation of images
     * @param cacheBytes maximum size of the feature cache on disk
     * @param memoryBytes maximum size of the feature cache in memory
     */
    public record FeatureOptions(ExifOrientation exifOrientation, long cacheBytes, long memoryBytes)
            implements Serializable {}

    /** These options with other options of the model. */
    public RunOptions withModel(ModelOptions options) {
        return new RunOptions(options, features, saveType, checkpointPolicy, validation, preProcessor, machine);
    }

    /** These options with other options of the image features. */
    public RunOptions withFeatures(FeatureOptions options) {
        return new RunOptions(model, options, saveType, checkpointPolicy, validation, preProcessor, machine);
    }

    /** @param type dtype of frozen matrices in memory */
    public RunOptions withFrozenDtype(WeightDtype type) {
        return withModel(new ModelOptions(type, model.gradientCheckpointing, model.projectorType, model.selectLayer));
    }

    /** @param enabled whether activations are recomputed in the backward pass */
    public RunOptions withGradientCheckpointing(boolean enabled) {
        return withModel(new ModelOptions(model.frozenDtype, enabled, model.projectorType, model.selectLayer));
    }

    /** @param policy when checkpoints are written and resumed */
    public RunOptions withCheckpointPolicy(CheckpointPolicy policy) {
        return new RunOptions(model, features, saveType, policy, validation, preProcessor, machine);
    }

    /** @param data validation set */
    public RunOptions withValidation(ValidationOptions data) {
        return new RunOptions(model, features, saveType, checkpointPolicy, data, preProcessor, machine);
    }

    /**
     * These options with a preprocessor of your own, for training data alone: the trained model is evaluated and used
     * without it. It changes the arrays of {@link org.llava4j.data.batch.BatchLayout#toMultiDataSet} in place. A
     * resumed run gives the same result if the preprocessor depends on the batch alone. The identity of a run says that
     * there is one, but has not its code. Executors of a cluster load images themselves and refuse it.
     */
    public RunOptions withPreProcessor(MultiDataSetPreProcessor own) {
        return new RunOptions(model, features, saveType, checkpointPolicy, validation, own, machine);
    }

    /** @param memory memory that the run must fit into; null to skip the check */
    public RunOptions withMachine(@Nullable MachineMemory memory) {
        return new RunOptions(model, features, saveType, checkpointPolicy, validation, preProcessor, memory);
    }
}
