package org.llava4j.model.folder;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.llava4j.data.config.ConfigWarnings;
import org.llava4j.model.Llava;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.kernels.QuantizedMatrix;
import org.llava4j.model.tensors.TensorFolder;
import org.llava4j.model.tensors.TensorStore;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.CheckpointLayout;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Folders with quantized weights, compared with models that are quantized while they are loaded. */
class QuantizedExportTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));
    private static final Path LLAVA = Golden.path("c_llava_mlp2x_gelu");
    private static final long SHARD_BYTES = 100_000;

    @TempDir
    private Path temp;

    private Path export(Path from, CheckpointLayout layout, WeightDtype dtype, String name) {
        WriteOptions options = new WriteOptions(layout, SHARD_BYTES, dtype);
        new Export(from, null, null, options, SaveType.AS_STORED, null).writeTo(temp.resolve(name));
        return temp.resolve(name);
    }

    private Path exportFloats(Path from, TensorType type, String name) {
        WriteOptions options = new WriteOptions(CheckpointLayout.LLAVA, SHARD_BYTES);
        new Export(from, null, null, options, SaveType.of(type), null).writeTo(temp.resolve(name));
        return temp.resolve(name);
    }

    @ParameterizedTest
    @CsvSource({"Q8, LLAVA", "Q4, LLAVA", "Q8, LLAVA_HF", "Q4, LLAVA_HF"})
    void exportGivesWeightsThatLoadingQuantizes(WeightDtype dtype, CheckpointLayout layout) {
        Path original = export(LLAVA, layout, null, "original");
        Path folder = export(LLAVA, layout, dtype, "quantized");
        assertThat(folder.resolve("model.safetensors.index.json")).isRegularFile();
        assertThat(ModelSource.of(original).storedDtype()).isEqualTo(WeightDtype.FP32);
        assertThat(ModelSource.of(folder).storedDtype()).isEqualTo(dtype);
        for (WeightDtype loaded : List.of(dtype, WeightDtype.FP16)) {
            requireNear(folder, original, loaded, dtype);
        }
    }

    /** Weights are equal if they are loaded in the stored dtype. */
    private static void requireNear(Path folder, Path original, WeightDtype loaded, WeightDtype stored) {
        for (boolean tower : new boolean[] {false, true}) {
            Llava actual = build(folder, loaded, tower);
            Llava expected = build(original, loaded, tower);
            assertThat(actual.weightNames()).isEqualTo(expected.weightNames());
            for (String name : expected.weightNames()) {
                INDArray weight = actual.weight(name);
                assertThat(weight.dataType())
                        .as(name)
                        .isEqualTo(expected.weight(name).dataType());
                if (loaded == stored
                        || !stored.quantizes(name, expected.weight(name).shape())) {
                    assertThat(weight).as(name).isEqualTo(expected.weight(name));
                } else {
                    assertThat(Golden.relativeError(
                                    weight.castTo(DataType.FLOAT),
                                    expected.weight(name).castTo(DataType.FLOAT)))
                            .as(name)
                            .isBetween(1e-4, 0.2);
                }
            }
        }
    }

    private static Llava build(Path folder, WeightDtype dtype, boolean tower) {
        ModelSource source = ModelSource.of(folder);
        return tower ? source.buildTower(dtype) : source.buildDecoder(dtype);
    }

    @Test
    void quantizedFolderAnswersLikeModelQuantizedWhileLoading() {
        Path tiny = ROOT.resolve("resources/tiny/llava");
        Path folder = export(tiny, CheckpointLayout.LLAVA, WeightDtype.Q4, "quantized");
        Path image = ROOT.resolve("resources/readme/map.png");
        String question = "Describe the image.";
        ModelSource source = ModelSource.of(tiny);
        try (LlavaModel loaded = LlavaModel.load(folder);
                LlavaModel expected = LlavaModel.load(source, ChatFormat.of(tiny), WeightDtype.Q4)) {
            assertThat(loaded.weightDtype()).isEqualTo(WeightDtype.Q4);
            assertThat(loaded.answer(image, question)).isNotEmpty().isEqualTo(expected.answer(image, question));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8", "Q4"})
    void exportToFloatsWritesDequantizedValues(WeightDtype dtype) {
        Path folder = export(LLAVA, CheckpointLayout.LLAVA_HF, dtype, "quantized");
        Path floats = exportFloats(folder, TensorType.F32, "floats");
        assertThat(FolderTests.config(floats).has("quantization_config")).isFalse();
        assertThat(FolderTests.config(floats.resolve("vision_tower")).has("quantization_config"))
                .isFalse();
        assertThat(ModelSource.of(floats).storedDtype()).isEqualTo(WeightDtype.FP32);
        int compared = 0;
        for (boolean tower : new boolean[] {false, true}) {
            Llava quantized = build(folder, dtype, tower);
            Llava written = build(floats, WeightDtype.FP32, tower);
            Llava dequantized = build(folder, WeightDtype.FP32, tower);
            for (String name : written.weightNames()) {
                assertThat(written.weight(name)).as(name).isEqualTo(dequantized.weight(name));
                if (dtype.quantizes(name, written.weight(name).shape())) {
                    assertThat(written.weight(name))
                            .as(name)
                            .isEqualTo(QuantizedMatrix.dequantize(quantized.weight(name)));
                    compared++;
                }
            }
        }
        assertThat(compared).isGreaterThan(20);
    }

    @Test
    void exportToFloatsRemovesFormatFromTowerConfig() {
        Path folder = export(LLAVA, CheckpointLayout.LLAVA, WeightDtype.Q8, "quantized");
        assertThat(FolderTests.config(folder)
                        .at("/quantization_config/quant_method")
                        .asText())
                .isEqualTo("llava4j");
        assertThat(FolderTests.config(folder.resolve("vision_tower"))
                        .at("/quantization_config/format")
                        .asText())
                .isEqualTo("q8");
        Path floats = exportFloats(folder, TensorType.BF16, "floats");
        assertThat(FolderTests.config(floats).has("quantization_config")).isFalse();
        assertThat(FolderTests.config(floats.resolve("vision_tower")).has("quantization_config"))
                .isFalse();
        assertThat(ModelSource.of(floats).storedDtype()).isEqualTo(WeightDtype.FP32);
    }

    /** The projector's own file holds the dequantized values. */
    @ParameterizedTest
    @EnumSource(names = {"LLAVA", "LLAVA_HF"})
    void exportAsStoredKeepsBytes(CheckpointLayout layout) throws IOException {
        Path folder = export(LLAVA, layout, WeightDtype.Q4, "quantized");
        Path again = export(folder, layout, null, "again");
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile)
                    .filter(path -> !path.endsWith("llava4j.json") && !path.endsWith("mm_projector.safetensors"))
                    .toList()) {
                assertThat(again.resolve(folder.relativize(file))).hasSameBinaryContentAs(file);
            }
        }
    }

    @Test
    void storedTensorsHaveDocumentedDtypesAndShapes() {
        Path folder = export(LLAVA, CheckpointLayout.LLAVA, WeightDtype.Q4, "quantized");
        try (TensorStore store = TensorFolder.open(folder)) {
            assertThat(store.metadata())
                    .containsEntry("llava4j.quantization", "q4")
                    .containsEntry("llava4j.quantization_version", "3");
            // 64 columns and 448 of padding: 256 bytes of integers, 64 of scales, 14 unused.
            assertThat(store.tensors().get("model.layers.0.self_attn.q_proj.weight"))
                    .hasToString("model.layers.0.self_attn.q_proj.weight U8[64, 334]");
            assertThat(store.tensors().get("model.embed_tokens.weight").type()).isEqualTo(TensorType.F16);
            assertThat(store.tensors().get("model.norm.weight").type()).isEqualTo(TensorType.F32);
        }
    }

    @Test
    void quantizedFolderLoadsInOtherQuantizedDtype() {
        Path folder = export(LLAVA, CheckpointLayout.LLAVA, WeightDtype.Q8, "quantized");
        Llava model = ModelSource.of(folder).buildDecoder(WeightDtype.Q4);
        assertThat(model.weight("model.layers.0.self_attn.q_proj.weight").dataType())
                .isEqualTo(DataType.UBYTE);
        assertThat(ConfigWarnings.in(folder))
                .anyMatch(warning -> warning.contains("holds q8 weights") && warning.contains("again to q4"));
    }
}
