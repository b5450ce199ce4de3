package org.llava4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.kernels.QuantizedWeights;
import org.llava4j.model.lora.Lora;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.lora.LoraPair;
import org.llava4j.model.tensors.FloatConversion;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.ForwardPassRecorder;
import org.llava4j.model.weights.LoraTensorSource;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.model.weights.WeightInitializer;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A model with LoRA: initialization, merging and gradients. */
class LoraModelTest {
    private static final Path LLAVA = Golden.path("c_llava_linear");
    private static final Path TOWER = Golden.path("a_clip56");
    private static final LlavaConfig CONFIG = LlavaConfig.read(LLAVA, TOWER);
    private static final LoraConfig ALL = new LoraConfig(3, 6, 0, LoraConfig.ALL_LINEAR);
    private static final LoraConfig WITH_DROPOUT = new LoraConfig(3, 6, 0.4, LoraConfig.ALL_LINEAR);
    private static final List<String> NODES = List.of("logits", "loss", "hidden_states.1");

    private static Llava model(LoraConfig lora, WeightDtype type) {
        try (Checkpoint weights = Checkpoint.llava(LLAVA, TOWER).withWeightDtype(type, LoraConfig::isLora)) {
            return Llava.build(
                    CONFIG,
                    new LoraTensorSource(weights, 5),
                    ImageInput.PIXELS,
                    lora == null ? null : new Lora(lora, 5));
        }
    }

    /** A model with non-zero B matrices, as after training. */
    static Llava withNonZeroLora(LoraConfig lora, WeightDtype type) {
        Llava model = model(lora, type);
        for (String name : model.weightNames()) {
            if (LoraConfig.isB(name)) {
                model.weight(name)
                        .assign(WeightInitializer.normal(
                                9, name, 0.05, model.weight(name).shape()));
            }
        }
        return model;
    }

    static Map<String, INDArray> inputs() {
        try (SafetensorsFile file = SafetensorsFile.open(LLAVA.resolve("io.safetensors"))) {
            Map<String, INDArray> inputs = new LinkedHashMap<>();
            file.tensors().keySet().forEach(name -> inputs.put(name, file.read(name)));
            return ForwardPassRecorder.of(model(null, WeightDtype.FP32), CONFIG).placeholders(inputs);
        }
    }

    private static Map<String, INDArray> run(Llava model) {
        return model.output(inputs(), NODES);
    }

    @ParameterizedTest
    @EnumSource(WeightDtype.class)
    void newLoraLeavesOutputUnchanged(WeightDtype type) {
        Map<String, INDArray> plain = run(model(null, type));
        assertThat(run(model(ALL, type))).isEqualTo(plain);
        assertThat(run(model(WITH_DROPOUT, type)))
                .as("inference applies no dropout")
                .isEqualTo(plain);
    }

    @ParameterizedTest
    @EnumSource(
            value = WeightDtype.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"Q8", "Q4"})
    void mergedModelGivesSameOutput(WeightDtype type) {
        Llava model = withNonZeroLora(ALL, type);
        Map<String, INDArray> unmerged = run(model);
        Llava merged = model(null, WeightDtype.FP32);
        for (String name : merged.weightNames()) {
            INDArray weight = FloatConversion.cast(model.weight(name), DataType.FLOAT);
            merged.weight(name).assign(weight);
        }
        Map<String, INDArray> before = run(merged);
        for (String name : ALL.targetsIn(CONFIG.decoder())) {
            LoraPair pair = new LoraPair(
                    model.weight(LoraConfig.nameOfA(name)), model.weight(LoraConfig.nameOfB(name)), ALL.scale());
            INDArray weight = merged.weight(name);
            weight.assign(pair.mergeInto(weight));
        }
        Map<String, INDArray> after = run(merged);
        NODES.forEach(node -> assertThat(Golden.relativeError(unmerged.get(node), after.get(node)))
                .as(node)
                .isLessThan(1e-5));
        assertThat(Golden.relativeError(before.get("logits"), after.get("logits")))
                .as("LoRA changes the output")
                .isGreaterThan(0.01);
    }

    @Test
    void loraMatricesGetGradientsWithBf16Decoder() {
        Llava model = withNonZeroLora(WITH_DROPOUT, WeightDtype.BF16);
        model.setTrainable(LoraConfig::isLora);
        assertThat(model.trainableNames()).hasSize(2 * 7 * CONFIG.decoder().layers());
        Map<String, INDArray> gradients = model.gradients(inputs(), model.trainableNames(), 4);
        gradients.forEach((name, gradient) ->
                assertThat(gradient.norm2Number().doubleValue()).as(name).isGreaterThan(0));
    }

    @Test
    void sameSeedGivesSameDropout() {
        Llava model = withNonZeroLora(WITH_DROPOUT, WeightDtype.FP32);
        model.setTrainable(LoraConfig::isLora);
        List<String> names = model.trainableNames();
        Map<String, INDArray> first = copy(model.gradients(inputs(), names, 4));
        assertThat(copy(model.gradients(inputs(), names, 4))).isEqualTo(first);
        assertThat(copy(model.gradients(inputs(), names, 5))).isNotEqualTo(first);
        Map<String, INDArray> none = copy(model.gradients(inputs(), names));
        assertThat(none.get("loss")).isEqualTo(run(model).get("loss"));
        assertThat(none).isNotEqualTo(first);
    }

    /** Compares the directional derivative with a finite difference over all matrices. */
    @ParameterizedTest
    @EnumSource(WeightDtype.class)
    void gradientsMatchFiniteDifferences(WeightDtype type) {
        Llava model = withNonZeroLora(ALL, type);
        model.setTrainable(LoraConfig::isLora);
        List<String> names = model.trainableNames();
        double slope = 0;
        double step = 2e-3;
        for (Map.Entry<String, INDArray> gradient :
                copy(model.gradients(inputs(), names)).entrySet()) {
            if (!gradient.getKey().equals("loss")) {
                slope += gradient.getValue()
                        .mul(direction(model, gradient.getKey()))
                        .sumNumber()
                        .doubleValue();
            }
        }
        names.forEach(name -> model.weight(name).addi(direction(model, name).mul(step)));
        double up = run(model).get("loss").getDouble(0);
        names.forEach(name -> model.weight(name).subi(direction(model, name).mul(2 * step)));
        double down = run(model).get("loss").getDouble(0);
        double measured = (up - down) / (2 * step);
        assertThat(Math.abs(slope - measured)).isLessThan(0.01 * Math.abs(measured));
    }

    /** Training rounds no activations, so that products equal those of the dequantized weights. */
    @ParameterizedTest
    @EnumSource(names = {"Q8", "Q4"})
    void gradientsOfQuantizedDecoderEqualThoseOfDequantizedWeights(WeightDtype type) {
        Llava quantized = withNonZeroLora(ALL, type);
        Llava exact = withNonZeroLora(ALL, WeightDtype.FP32);
        for (String name : exact.weightNames()) {
            INDArray weight = quantized.weight(name);
            exact.weight(name)
                    .assign(
                            QuantizedWeights.isQuantized(weight)
                                    ? QuantizedWeights.dequantize(weight)
                                    : FloatConversion.cast(weight, DataType.FLOAT));
        }
        quantized.setTrainable(LoraConfig::isLora);
        exact.setTrainable(LoraConfig::isLora);
        Map<String, INDArray> expected = copy(exact.gradients(inputs(), exact.trainableNames()));
        Map<String, INDArray> actual = copy(quantized.gradients(inputs(), quantized.trainableNames()));
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        actual.forEach((name, gradient) -> assertThat(Golden.relativeError(gradient, expected.get(name)))
                .as(name)
                .isLessThan(1e-4));
    }

    private static INDArray direction(Llava model, String name) {
        return WeightInitializer.normal(3, name, 1, model.weight(name).shape());
    }

    private static Map<String, INDArray> copy(Map<String, INDArray> arrays) {
        Map<String, INDArray> copies = new LinkedHashMap<>();
        arrays.forEach((name, array) -> copies.put(name, array.dup()));
        return copies;
    }
}
