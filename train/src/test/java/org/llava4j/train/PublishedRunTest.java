package org.llava4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Training compared with a recorded run of the original LLaVA code: loss, learning rate and gradient norm of every step,
 * and the final weights.
 */
class PublishedRunTest {
    private static final double PERCENT = 0.01;
    private static final double CHANGE_TOLERANCE = 1e-2;

    @ParameterizedTest
    @CsvSource({"stage1, 2e-3", "stage2, 2e-5"})
    void stepsMatchRecordedRun(String stage, double peak, @TempDir Path temp) throws IOException {
        Llava model = begin(stage, temp);
        LlavaConfig config = LlavaConfig.read(temp, Golden.path("a_clip56"));
        JsonNode golden = Golden.json("f_e2e/" + stage + "_log.json");
        List<String> trainable = new ArrayList<>();
        golden.get("trainable").forEach(name -> trainable.add(name.textValue()));
        model.setTrainable(trainable::contains);
        assertThat(model.trainableNames()).containsExactlyInAnyOrderElementsOf(trainable);
        Map<String, INDArray> before = new LinkedHashMap<>();
        trainable.forEach(name -> before.put(name, model.weight(name).dup()));

        JsonNode steps = golden.get("steps");
        Trainer trainer = new Trainer(
                model, new AdamW(AdamW.Settings.PAPER), CosineScheduleWithWarmup.of(peak, 0.03, steps.size()));
        for (JsonNode expected : steps) {
            int number = expected.get("step").intValue();
            Map<String, INDArray> batch = Golden.tensors("f_e2e/" + stage + "_batch" + number + ".safetensors");
            Trainer.Step step = trainer.step(PublishedBatch.placeholders(batch, config));
            String which = stage + " step " + number;
            assertThat(step.loss())
                    .as(which + " loss")
                    .isCloseTo(expected.get("loss").doubleValue(), withinPercentage(PERCENT));
            assertThat(step.gradNorm())
                    .as(which + " gradient norm")
                    .isCloseTo(expected.get("grad_norm_before_clip").doubleValue(), withinPercentage(PERCENT));
            assertThat(step.learningRate()).isCloseTo(expected.get("lr").get(0).doubleValue(), within(1e-12));
        }
        Map<String, INDArray> after = Golden.tensors("f_e2e/" + stage + "_final.safetensors");
        assertThat(after.keySet()).containsAll(trainable);
        for (String name : trainable) {
            INDArray change = model.weight(name).sub(before.get(name));
            INDArray expected = after.get(name).sub(before.get(name));
            assertThat(Golden.relativeError(change, expected))
                    .as(stage + " change of " + name)
                    .isLessThan(CHANGE_TOLERANCE);
        }
    }

    /** Stage 2 starts from the projector of stage 1. */
    private static Llava begin(String stage, Path folder) throws IOException {
        Files.copy(Golden.path("f_e2e/stage2_out/config.json"), folder.resolve("config.json"));
        Files.copy(Golden.path("f_e2e/stage1_init.safetensors"), folder.resolve("model.safetensors"));
        LlavaConfig config = LlavaConfig.read(folder, Golden.path("a_clip56"));
        try (Checkpoint checkpoint = Checkpoint.llava(folder, Golden.path("a_clip56"))) {
            if (stage.equals("stage2")) {
                checkpoint.withProjector(Golden.path("f_e2e/stage1_final.safetensors"));
            }
            return Llava.build(config, checkpoint, Llava.ImageInput.PIXELS);
        }
    }
}
