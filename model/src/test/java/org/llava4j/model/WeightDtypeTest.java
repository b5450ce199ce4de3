package org.llava4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.llava4j.data.BadInputException;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.folder.CheckpointWriter;
import org.llava4j.model.folder.TrainedModels;
import org.llava4j.model.tensors.FloatConversion;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.tensors.SafetensorsFolder;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.ForwardPassRecorder;
import org.llava4j.model.weights.ForwardPassRecorder.Gradients;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.testing.Golden;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A model with frozen low-precision matrices, compared with the same rounded weights in float32. */
class WeightDtypeTest {
    private static final Path LLAVA = Golden.path("c_llava_linear");
    private static final Path TOWER = Golden.path("a_clip56");
    private static final LlavaConfig CONFIG = LlavaConfig.read(LLAVA, TOWER);
    private static final double TOLERANCE = 1e-6;
    private static final Predicate<String> PROJECTOR = Gradients.STAGE1.weights();

    @TempDir
    Path temp;

    private static Llava lowPrecision(WeightDtype type, Predicate<String> trainable) {
        try (Checkpoint weights = Checkpoint.llava(LLAVA, TOWER).withWeightDtype(type, trainable)) {
            return Llava.build(CONFIG, weights, ImageInput.PIXELS);
        }
    }

    /** A float32 model with the rounded values of {@link #lowPrecision}. */
    private static Llava rounded(WeightDtype type, Predicate<String> trainable) {
        try (Checkpoint weights = Checkpoint.llava(LLAVA, TOWER)) {
            TensorSource source = new TensorSource() {
                @Override
                public INDArray tensor(String name, long... shape) {
                    return weights.tensor(name, shape);
                }

                @Override
                public SDVariable declareMatrix(SameDiff graph, String name, long... shape) {
                    INDArray exact = tensor(name, shape);
                    INDArray value = trainable.test(name)
                            ? exact
                            : FloatConversion.cast(FloatConversion.cast(exact, type.dataType()), DataType.FLOAT);
                    return graph.constant(name, value);
                }
            };
            return Llava.build(CONFIG, source, ImageInput.PIXELS);
        }
    }

    private static Map<String, INDArray> inputs() {
        try (SafetensorsFile file = SafetensorsFile.open(LLAVA.resolve("io.safetensors"))) {
            Map<String, INDArray> inputs = new LinkedHashMap<>();
            file.tensors().keySet().forEach(name -> inputs.put(name, file.read(name)));
            return inputs;
        }
    }

    private static Map<String, INDArray> run(Llava model, Gradients gradients) {
        return ForwardPassRecorder.of(model, CONFIG).run(inputs(), gradients).tensors();
    }

    private static void assertClose(Map<String, INDArray> actual, Map<String, INDArray> expected) {
        assertThat(actual.keySet()).isEqualTo(expected.keySet()).contains("loss", "logits", "features");
        expected.forEach((name, value) -> assertThat(Golden.relativeError(actual.get(name), value))
                .as(name)
                .isLessThanOrEqualTo(TOLERANCE));
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16", "FP16"})
    void outputsAndGradientsEqualThoseOfRoundedWeights(WeightDtype type) {
        Map<String, INDArray> actual = run(lowPrecision(type, PROJECTOR), Gradients.STAGE1);
        assertThat(actual).containsKeys("grad.model.mm_projector.weight", "grad.model.mm_projector.bias");
        assertClose(actual, run(rounded(type, PROJECTOR), Gradients.STAGE1));
    }

    /** Logits are within 2 % and 30 % even on random weights. */
    @ParameterizedTest
    @CsvSource({"Q8, BYTE, 0.02", "Q4, UBYTE, 0.3"})
    void quantizedLogitsAreNearExactOnes(WeightDtype type, DataType ofLayers, double tolerance) {
        Llava model = lowPrecision(type, any -> false);
        Llava exact = lowPrecision(WeightDtype.FP32, any -> false);
        for (String name : model.weightNames()) {
            boolean matrix = exact.weight(name).rank() > 1 && !name.contains("position_embedding");
            boolean wholeGroups = type.quantizes(name, exact.weight(name).shape());
            DataType quantized = name.equals("lm_head.weight") ? DataType.BYTE : ofLayers;
            assertThat(model.weight(name).dataType())
                    .as(name)
                    .isEqualTo(matrix ? wholeGroups ? quantized : DataType.HALF : DataType.FLOAT);
        }
        assertThat(model.weightNames().stream().map(model::weight).map(INDArray::dataType))
                .contains(ofLayers, DataType.HALF);
        double error = Golden.relativeError(
                run(model, null).get("logits"), run(exact, null).get("logits"));
        assertThat(error).isBetween(1e-4, tolerance);
        assertThatThrownBy(() -> model.setTrainable(name -> name.startsWith("model.layers.0.")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("cannot be trained");
    }

    @Test
    void onlyFrozenMatricesAreLowPrecision() {
        Llava model = lowPrecision(WeightDtype.BF16, PROJECTOR);
        for (String name : model.weightNames()) {
            boolean matrix = model.weight(name).rank() > 1 && !name.contains("position_embedding");
            boolean trainable = PROJECTOR.test(name);
            assertThat(model.weight(name).dataType())
                    .as(name)
                    .isEqualTo(matrix && !trainable ? DataType.BFLOAT16 : DataType.FLOAT);
        }
    }

    @Test
    void frozenNewProjectorIsLowPrecision() {
        Path llama = Golden.path("b_llama");
        LlavaConfig config = LlavaConfig.read(llama, TOWER);
        try (Checkpoint weights =
                Checkpoint.llava(llama, TOWER).withNewProjector(7).withWeightDtype(WeightDtype.FP16, name -> false)) {
            Llava model = Llava.build(config, weights, ImageInput.PIXELS);
            assertThat(model.weight("model.mm_projector.weight").dataType()).isEqualTo(DataType.HALF);
            assertThat(model.weight("model.mm_projector.bias").dataType()).isEqualTo(DataType.FLOAT);
        }
    }

    @Test
    void setTrainableRejectsLowPrecisionWeight() {
        Llava model = lowPrecision(WeightDtype.BF16, PROJECTOR);
        assertThatThrownBy(() -> model.setTrainable(Gradients.STAGE2.weights()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(".weight has dtype BFLOAT16 and cannot be trained");
        model.setTrainable(PROJECTOR);
        assertThat(model.trainableNames()).allMatch(PROJECTOR).hasSize(2);
    }

    @Test
    void writeKeepsLowPrecisionValues() {
        Llava model = lowPrecision(WeightDtype.BF16, PROJECTOR);
        Path out = temp.resolve("out");
        TrainedModels.write(
                out,
                model,
                new CheckpointWriter.Origin(LLAVA, TOWER, CONFIG, ChatFormat.of(LLAVA, "v1")),
                TensorType.F32);
        try (SafetensorsFolder written = SafetensorsFolder.open(out)) {
            for (String name : List.of("lm_head.weight", "model.norm.weight", "model.mm_projector.weight")) {
                assertThat(written.read(name))
                        .as(name)
                        .isEqualTo(FloatConversion.cast(model.weight(name), DataType.FLOAT));
            }
        }
    }

    @Test
    void parseRejectsUnknownDtype() {
        assertThat(WeightDtype.forFrozenWeights("bf16")).isEqualTo(WeightDtype.BF16);
        assertThatThrownBy(() -> WeightDtype.forFrozenWeights("int4"))
                .isInstanceOf(BadInputException.class)
                .hasMessage("--frozen-dtype int4 is not supported; use fp32, bf16, fp16, q8, q4 or stored");
    }
}
