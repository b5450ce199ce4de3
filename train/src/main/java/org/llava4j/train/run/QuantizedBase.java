package org.llava4j.train.run;

import java.nio.file.Files;
import java.nio.file.Path;
import org.llava4j.data.BadInputException;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.folder.CheckpointWriter;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.model.weights.WeightStore;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/**
 * Checks of a stage on a model folder that is quantized already. Its decoder stays as it is stored, frozen below the A and B
 * of a LoRA stage; nothing that is trained may be read from quantized weights.
 */
public final class QuantizedBase {
    private QuantizedBase() {}

    /**
     * The dtype of frozen matrices if none is given: that of a quantized folder, float32 of others.
     *
     * @param model may have no weights, or be a config file
     */
    public static WeightDtype defaultFrozenDtype(Path model) {
        WeightDtype stored = WeightStore.quantizationOf(model);
        return stored == null ? WeightDtype.FP32 : stored;
    }

    /**
     * Checks that a stage can be trained on a model, if it is quantized.
     *
     * @param frozen dtype of frozen matrices in memory
     * @throws BadInputException if the stage has no LoRA, or would quantize or widen the weights
     */
    public static void requireTrainable(Path model, Stage stage, WeightDtype frozen) {
        WeightDtype stored = WeightStore.quantizationOf(model);
        if (stored == null) {
            return;
        }
        if (stage.model().lora() == null) {
            throw new BadInputException(model + " holds " + stored
                    + " weights, on which only LoRA can be trained (--stage " + Stages.FINETUNE_LORA
                    + "); train all weights in the original model and export the result");
        }
        if (frozen != stored && frozen != WeightDtype.STORED) {
            throw new BadInputException(
                    model + " holds " + stored + " weights, which stay as they are under LoRA, but the"
                            + " dtype of frozen weights is " + frozen + "; give --frozen-dtype " + stored
                            + " or leave it out, or train on the original model");
        }
    }

    /**
     * Checks that no trainable weight of a stage, such as the projector's, is quantized in the model folder.
     *
     * @throws BadInputException if one is; the message says where its floating-point values are
     */
    static void requireFloatStart(Stage stage, RunPaths paths, LlavaConfig config) {
        if (WeightStore.quantizationOf(paths.model()) == null) {
            return;
        }
        try (Checkpoint weights = GradientWorker.weights(stage, paths)) {
            for (String name : Llava.weightShapes(config).keySet()) {
                if (stage.model().isTrainable(name) && weights.isQuantized(name)) {
                    Path floats = paths.model().resolve(CheckpointWriter.PROJECTOR_FILE);
                    throw new BadInputException(
                            name + " is trained, but " + paths.model() + " holds it quantized; start"
                                    + " from its floating-point values with --pretrain-mm-mlp-adapter "
                                    + (Files.isRegularFile(floats)
                                            ? floats
                                            : "FILE (export --only-projector writes it from the original model)"));
                }
            }
        }
    }
}
