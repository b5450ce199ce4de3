package org.llava4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.weights.WeightDtype;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Gradients with gradient (activation) checkpointing. */
class GradientCheckpointingTest {
    private static final LoraConfig WITH_DROPOUT = new LoraConfig(3, 6, 0.4, LoraConfig.ALL_LINEAR);

    static Stream<Arguments> stages() {
        Predicate<String> projector = name -> name.contains("mm_projector");
        Predicate<String> all = name -> !name.contains("vision");
        return Stream.of(
                Arguments.of("stage 1", null, projector),
                Arguments.of("stage 2", null, all),
                Arguments.of("LoRA with dropout", WITH_DROPOUT, projector.or(LoraConfig::isLora)),
                Arguments.of("nothing before the last layer", null, (Predicate<String>)
                        name -> name.startsWith("model.layers.1.") || name.startsWith("lm_head")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("stages")
    void checkpointingGivesBitIdenticalGradients(String stage, LoraConfig lora, Predicate<String> trainable) {
        Llava model = LoraModelTest.withNonZeroLora(lora, WeightDtype.FP32);
        model.setTrainable(trainable);
        Map<String, INDArray> stored = gradients(model);
        model.setGradientCheckpointing(true);
        assertThat(gradients(model)).isEqualTo(stored);
        model.setGradientCheckpointing(false);
        assertThat(gradients(model)).isEqualTo(stored);
    }

    private static Map<String, INDArray> gradients(Llava model) {
        Map<String, INDArray> copies = new LinkedHashMap<>();
        model.gradients(LoraModelTest.inputs(), model.trainableNames(), 4)
                .forEach((name, array) -> copies.put(name, array.dup()));
        return copies;
    }
}
