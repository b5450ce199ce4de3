package org.llava4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.model.Llava;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Three AdamW steps at a constant learning rate, compared with PyTorch. */
class OptimizerGoldenTest {
    private static final double PERCENT_OF_LOSS = 0.01;
    private static final double CHANGE_TOLERANCE = 1e-2;

    @ParameterizedTest
    @CsvSource({
        "c_llava_linear, stage1",
        "c_llava_linear, stage2",
        "c_llava_mlp2x_gelu, stage1",
        "c_llava_mlp2x_gelu, stage2"
    })
    void stepsMatchPyTorch(String folder, String stage) {
        JsonNode golden = Golden.json(folder + "/meta.json").at("/stages/" + stage);
        List<String> trainable = new ArrayList<>();
        golden.get("trainable").forEach(name -> trainable.add(name.textValue()));
        LlavaConfig config = LlavaConfig.read(Golden.path(folder), Golden.path("a_clip56"));
        Llava model = load(Golden.path(folder), config);
        model.setTrainable(trainable::contains);
        assertThat(model.trainableNames()).containsExactlyInAnyOrderElementsOf(trainable);
        Map<String, INDArray> before = new LinkedHashMap<>();
        model.weightNames().forEach(name -> before.put(name, model.weight(name).dup()));

        Map<String, INDArray> batch = PublishedBatch.placeholders(Golden.tensors(folder + "/io.safetensors"), config);
        JsonNode steps = golden.get("steps");
        CosineScheduleWithWarmup constant =
                new CosineScheduleWithWarmup(steps.get(0).get("lr").doubleValue(), 0, Integer.MAX_VALUE);
        Trainer trainer = new Trainer(model, new AdamW(AdamW.Settings.PAPER), constant);
        for (JsonNode expected : steps) {
            Trainer.Step step = trainer.step(batch);
            String which = folder + " " + stage + " step " + step.step();
            assertThat(step.loss())
                    .as(which + " loss")
                    .isCloseTo(expected.get("loss").doubleValue(), withinPercentage(PERCENT_OF_LOSS));
            assertThat(step.gradNorm())
                    .as(which + " gradient norm")
                    .isCloseTo(expected.get("grad_norm_before_clip").doubleValue(), withinPercentage(PERCENT_OF_LOSS));
            assertThat(step.learningRate()).isEqualTo(expected.get("lr").doubleValue());
            if (step.step() != 2) {
                String file = folder + "/" + stage + "_after_step" + step.step() + ".safetensors";
                assertChange(which, model, before, Golden.tensors(file));
            }
        }
        for (String name : model.weightNames()) {
            if (!trainable.contains(name)) {
                assertThat(model.weight(name)).as(name).isEqualTo(before.get(name));
            }
        }
    }

    private static void assertChange(
            String which, Llava model, Map<String, INDArray> before, Map<String, INDArray> after) {
        assertThat(after.keySet()).containsExactlyInAnyOrderElementsOf(model.trainableNames());
        after.forEach((name, expected) -> {
            INDArray expectedChange = expected.sub(before.get(name));
            INDArray change = model.weight(name).sub(before.get(name));
            assertThat(Golden.relativeError(change, expectedChange))
                    .as(which + " change of " + name)
                    .isLessThan(CHANGE_TOLERANCE);
        });
    }

    private static Llava load(Path folder, LlavaConfig config) {
        try (Checkpoint checkpoint = Checkpoint.llava(folder, Golden.path("a_clip56"))) {
            return Llava.build(config, checkpoint, ImageInput.PIXELS);
        }
    }
}
