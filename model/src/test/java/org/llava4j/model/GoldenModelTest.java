package org.llava4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.weights.ForwardPassRecorder;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The graph compared with the published code: every hidden state, logits, loss and gradient agree within a relative
 * error of 1e-4.
 */
class GoldenModelTest {
    private static final double TOLERANCE = 1e-4;

    private static Map<String, INDArray> read(String file) {
        try (SafetensorsFile tensors = SafetensorsFile.open(Golden.path(file))) {
            Map<String, INDArray> all = new HashMap<>();
            tensors.tensors().keySet().forEach(name -> all.put(name, tensors.read(name)));
            return all;
        }
    }

    private static void assertClose(String name, INDArray actual, INDArray expected) {
        assertThat(actual.shape()).as(name).isEqualTo(expected.shape());
        assertThat(Golden.relativeError(actual, expected)).as(name).isLessThan(TOLERANCE);
    }

    /** Compares the non-padding positions of every row. */
    private static void assertCloseWithoutPadding(String name, ForwardPassRecorder.Outputs out, INDArray expected) {
        INDArray actual = out.tensors().get(name);
        assertThat(actual.shape()).as(name).isEqualTo(expected.shape());
        for (int b = 0; b < out.layout().batchSize(); b++) {
            long from = out.layout().rowStarts()[b];
            var real = NDArrayIndex.interval(from, from + out.layout().rowLengths()[b]);
            var row = NDArrayIndex.point(b);
            assertClose(
                    name + " row " + b,
                    actual.get(row, real, NDArrayIndex.all()).dup(),
                    expected.get(row, real, NDArrayIndex.all()).dup());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a_clip28", "a_clip56"})
    void towerMatchesReferenceHiddenStates(String folder) {
        Map<String, INDArray> io = read(folder + "/io.safetensors");
        Map<String, INDArray> out = ForwardPassRecorder.open(Golden.path(folder), null)
                .run(io, null)
                .tensors();
        for (int k = 0; k <= 4; k++) {
            assertClose("hidden_states." + k, out.get("hidden_states." + k), io.get("hidden_states." + k));
        }
        assertClose("features", out.get("features"), io.get("features_m2_patch"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"b_llama", "b_llama_gqa"})
    void decoderMatchesReferenceHiddenStatesAndGradients(String folder) {
        Map<String, INDArray> io = read(folder + "/io.safetensors");
        ForwardPassRecorder.Outputs out =
                ForwardPassRecorder.open(Golden.path(folder), null).run(io, ForwardPassRecorder.Gradients.STAGE2);
        for (int k = 0; k <= 4; k++) {
            assertCloseWithoutPadding("hidden_states." + k, out, io.get("hidden_states." + k));
        }
        assertCloseWithoutPadding("logits", out, io.get("logits"));
        assertClose("loss", out.tensors().get("loss"), io.get("loss"));
        Map<String, INDArray> gradients = read(folder + "/grads.safetensors");
        assertThat(gradients).isNotEmpty();
        gradients.forEach((name, gradient) -> assertClose(name, out.tensors().get("grad." + name), gradient));
    }

    /** The model as written by transformers, in three shards. Its prompts repeat the image token 16 times per image. */
    @Test
    void llavaHfLayoutGivesSameLogitsAsOriginal() {
        Map<String, INDArray> io = read("c_llava_mlp2x_gelu/io.safetensors");
        ForwardPassRecorder.Outputs original = ForwardPassRecorder.open(Golden.path("c_llava_mlp2x_gelu"), null)
                .run(io, null);
        ForwardPassRecorder.Outputs port =
                ForwardPassRecorder.open(Golden.path("h_llava_hf"), null).run(io, null);
        assertClose(
                "features", port.tensors().get("features"), original.tensors().get("features"));
        assertCloseWithoutPadding("logits", port, io.get("logits"));
        assertThat(port.tensors().get("logits")).isEqualTo(original.tensors().get("logits"));
    }

    /** Folders as transformers 5 writes them, with its values. */
    @ParameterizedTest
    @ValueSource(strings = {"llama", "llava"})
    void transformers5FolderMatchesReferenceLogitsAndLoss(String name) {
        String folder = "j_transformers5/" + name;
        Map<String, INDArray> io = read(folder + "/io.safetensors");
        ForwardPassRecorder.Outputs out =
                ForwardPassRecorder.open(Golden.path(folder), null).run(io, null);
        assertCloseWithoutPadding("logits", out, io.get("logits"));
        assertClose("loss", out.tensors().get("loss"), io.get("loss"));
    }

    /** A tower alone, whose tensor names omit {@code vision_model}. */
    @Test
    void transformers5TowerMatchesReferenceFeatures() {
        String folder = "j_transformers5/clip";
        Map<String, INDArray> io = read(folder + "/io.safetensors");
        ForwardPassRecorder.Outputs out =
                ForwardPassRecorder.open(Golden.path(folder), null).run(io, null);
        assertClose("features", out.tensors().get("features"), io.get("features_m2_patch"));
    }

    /** A GGUF file with eleven types of tensors: values from its dequantized weights. */
    @Test
    void ggufDecoderMatchesReferenceHiddenStates() {
        Map<String, INDArray> io = read("k_gguf/io_text.safetensors");
        ForwardPassRecorder.Outputs out =
                ForwardPassRecorder.open(Golden.path("k_gguf/model.gguf"), null).run(io, null);
        for (int k = 0; k <= 3; k++) {
            assertCloseWithoutPadding("hidden_states." + k, out, io.get("hidden_states." + k));
        }
        assertCloseWithoutPadding("logits", out, io.get("logits"));
        assertClose("loss", out.tensors().get("loss"), io.get("loss"));
    }

    /** The same decoder with tower and projector in a second file. */
    @Test
    void ggufPairMatchesReferenceLogits() {
        Map<String, INDArray> io = read("k_gguf/io.safetensors");
        ForwardPassRecorder.Outputs out = ForwardPassRecorder.open(
                        Golden.path("k_gguf/model.gguf"), Golden.path("k_gguf/mmproj.gguf"))
                .run(io, null);
        assertClose("projected", out.tensors().get("projected"), io.get("image_features"));
        assertCloseWithoutPadding("logits", out, io.get("logits"));
        assertClose("loss", out.tensors().get("loss"), io.get("loss"));
    }

    /** PyTorch checkpoint files with the tower in float16 and one layer in bfloat16. */
    @Test
    void pytorchShardsGiveReferenceLogits() {
        Map<String, INDArray> io = read("i_llava_bin/io.safetensors");
        ForwardPassRecorder.Outputs out = ForwardPassRecorder.open(Golden.path("i_llava_bin"), Golden.path("a_clip56"))
                .run(io, null);
        assertCloseWithoutPadding("logits", out, io.get("logits"));
        assertClose("loss", out.tensors().get("loss"), io.get("loss"));
    }

    @ParameterizedTest
    @CsvSource({
        "c_llava_linear, STAGE1",
        "c_llava_linear, STAGE2",
        "c_llava_mlp2x_gelu, STAGE1",
        "c_llava_mlp2x_gelu, STAGE2"
    })
    void modelMatchesReferenceEmbeddingsLogitsLossAndGradients(String folder, ForwardPassRecorder.Gradients stage) {
        Map<String, INDArray> io = read(folder + "/io.safetensors");
        ForwardPassRecorder.Outputs out =
                ForwardPassRecorder.open(Golden.path(folder), null).run(io, stage);
        assertClose("projected", out.tensors().get("projected"), io.get("image_features"));
        assertCloseWithoutPadding("inputs_embeds", out, io.get("inputs_embeds"));
        assertCloseWithoutPadding("logits", out, io.get("logits"));
        assertClose("loss", out.tensors().get("loss"), io.get("loss"));
        Map<String, INDArray> gradients =
                read(folder + "/grads_" + stage.name().toLowerCase(Locale.ROOT) + ".safetensors");
        assertThat(gradients).isNotEmpty();
        gradients.forEach((name, gradient) -> assertClose(name, out.tensors().get("grad." + name), gradient));
        assertThat(out.tensors().keySet().stream().filter(name -> name.startsWith("grad.")))
                .hasSize(gradients.size());
    }

    @Test
    void twoImagesInOneSequenceMatchReference() {
        Map<String, INDArray> io = read("c_llava_linear/io.safetensors");
        INDArray images = io.get("images").get(NDArrayIndex.interval(0, 2)).dup();
        Map<String, INDArray> in = Map.of("images", images, "input_ids", io.get("two_images_input_ids"));
        ForwardPassRecorder.Outputs out =
                ForwardPassRecorder.open(Golden.path("c_llava_linear"), null).run(in, null);
        assertClose("logits", out.tensors().get("logits"), io.get("two_images_logits"));
    }

    @ParameterizedTest
    @CsvSource({"tokenizer_padding_side, \"right\", \"left\", leftpad", "tokenizer_model_max_length, 2048, 24, trunc24"
    })
    void leftPaddingAndTruncationFollowConfig(
            String key, String value, String other, String prefix, @TempDir Path folder) throws IOException {
        Path original = Golden.path("c_llava_linear");
        String config = Files.readString(original.resolve("config.json"));
        assertThat(config).contains("\"" + key + "\": " + value);
        Files.writeString(
                folder.resolve("config.json"),
                config.replace("\"" + key + "\": " + value, "\"" + key + "\": " + other));
        Files.copy(original.resolve("model.safetensors"), folder.resolve("model.safetensors"));
        Map<String, INDArray> io = read("c_llava_linear/io.safetensors");
        ForwardPassRecorder.Outputs out =
                ForwardPassRecorder.open(folder, Golden.path("a_clip56")).run(io, null);
        assertCloseWithoutPadding("inputs_embeds", out, io.get(prefix + "_inputs_embeds"));
        INDArray mask = io.get(prefix + "_attention_mask");
        for (int b = 0; b < out.layout().batchSize(); b++) {
            assertThat(mask.getRow(b).sumNumber().intValue())
                    .isEqualTo(out.layout().rowLengths()[b]);
            assertThat(mask.getInt(b, out.layout().rowStarts()[b])).isEqualTo(1);
        }
    }
}
