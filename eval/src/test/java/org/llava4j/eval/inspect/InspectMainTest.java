package org.llava4j.eval.inspect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.cli.ChildJvm;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.model.convert.ExportMain;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.model.tensors.TensorInfo;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.testing.GgufBuilder;
import org.nd4j.linalg.api.ndarray.INDArray;

class InspectMainTest {
    @TempDir
    private Path temp;

    private static Path golden(String name) {
        return Path.of(System.getProperty("llava4j.root"), "resources/golden", name);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a_clip56           | CLIP vision tower, layout CLIP",
                "b_llama_gqa        | LLaMA, layout original LLaVA or LLaMA",
                "c_llava_linear     | LLaVA, 16 tokens per image, projector linear, layout original LLaVA or LLaMA",
                "h_llava_hf         | LLaVA, 16 tokens per image, projector mlp2x_gelu, layout llava-hf",
                "i_llava_bin        | LLaVA, 16 tokens per image, projector linear, layout original LLaVA or LLaMA"
            })
    void inspectDescribesModelFolder(String folder, String description) {
        Inspection inspection = Inspection.of(golden(folder), null);
        assertThat(inspection.description()).isEqualTo(description);
        assertThat(inspection.problems()).isEmpty();
        InspectMain.main(new String[] {"--model-path", golden(folder).toString()});
    }

    /** Loading ND4J's native library takes longer than all the rest. */
    @ParameterizedTest
    @ValueSource(strings = {"c_llava_linear", "h_llava_hf", "b_llama", "k_gguf"})
    void inspectLoadsNoNativeLibrary(String name) {
        Path model = golden(name);
        List<String> arguments = name.equals("k_gguf")
                ? List.of(
                        "--model-path",
                        model.resolve("model.gguf").toString(),
                        "--mmproj",
                        model.resolve("mmproj.gguf").toString())
                : List.of("--model-path", model.toString());
        ChildJvm inspect = new ChildJvm("inspect", InspectMain.class, List.of("-Xlog:class+load:stdout"));
        assertThat(inspect.run(arguments).lines())
                .anyMatch(line -> line.contains("org.nd4j.autodiff.samediff.SameDiff "))
                .noneMatch(line -> line.contains("org.nd4j.linalg.factory.Nd4j "));
    }

    @Test
    void inspectCountsPartsDtypesAndFiles() {
        Inspection inspection = Inspection.of(golden("i_llava_bin"), null);
        assertThat(inspection.parametersByPart())
                .containsEntry("projector", 64L * 64 + 64)
                .containsEntry("embeddings, LM head", 2 * 320L * 64);
        assertThat(inspection.tensorsByDtype()).containsOnlyKeys("F32", "F16", "BF16");
        assertThat(inspection.variablesByFile().values().stream()
                        .mapToLong(Long::longValue)
                        .sum())
                .isEqualTo(inspection.tensorsByDtype().values().stream()
                        .mapToLong(Long::longValue)
                        .sum());
        assertThat(inspection.warnings())
                .anyMatch(warning -> warning.contains("give --conv-mode"))
                .anyMatch(warning -> warning.startsWith("no tokenizer.json or tokenizer.model"));
    }

    @Test
    void inspectFailsOnUnloadableModelAndListsProblems() throws IOException {
        Path folder = Files.createDirectories(temp.resolve("model"));
        try (Stream<Path> files = Files.list(golden("b_llama"))) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        Path config = folder.resolve("config.json");
        Files.writeString(
                config, Files.readString(config).replace("\"num_hidden_layers\": 4", "\"num_hidden_layers\": 3"));
        assertThat(Inspection.of(folder, null).problems())
                .hasSize(9)
                .allMatch(problem -> problem.startsWith("model.layers.3.") && problem.endsWith("is unused"));
        assertThatThrownBy(() -> InspectMain.main(new String[] {"--model-path", folder.toString()}))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("its 9 problems are listed above");
        Files.writeString(
                config, Files.readString(config).replace("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 1"));
        assertThatThrownBy(() -> InspectMain.main(new String[] {"--model-path", folder.toString()}))
                .hasMessageContaining("the first 20 of its 27 problems are listed above");
    }

    @Test
    void inspectWarnsOfVocabularySizeMismatch() throws IOException {
        Path folder = Files.createDirectories(temp.resolve("model"));
        Files.copy(golden("b_llama/model.safetensors"), folder.resolve("model.safetensors"));
        Files.copy(golden("e_spm/tokenizer.model"), folder.resolve("tokenizer.model"));
        String json = Files.readString(golden("b_llama/config.json"));
        for (int rows : new int[] {990, 1024}) {
            Files.writeString(folder.resolve("config.json"), json.replaceFirst("(\"vocab_size\": )\\d+", "$1" + rows));
            String expected = rows == 990
                    ? "the tokenizer has 1000 ids but the token table only 990 rows"
                    : "24 of the 1024 rows of the token embeddings have no token";
            assertThat(Inspection.of(folder, null).warnings()).anyMatch(warning -> warning.contains(expected));
        }
    }

    @Test
    void inspectReportsTiedLmHeadThatDiffersFromEmbeddings() throws IOException {
        Path folder = Files.createDirectories(temp.resolve("model"));
        Files.copy(golden("b_llama/model.safetensors"), folder.resolve("model.safetensors"));
        String json = Files.readString(golden("b_llama/config.json"));
        Files.writeString(
                folder.resolve("config.json"),
                json.replace("\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true"));
        assertThat(Inspection.of(folder, null).problems())
                .singleElement()
                .asString()
                .startsWith("lm_head.weight differs from model.embed_tokens.weight in ");
    }

    @Test
    void inspectWarnsOfUnknownKeysAndRejectsOtherModelFamilies() throws IOException {
        Path folder = Files.createDirectories(temp.resolve("model"));
        Files.copy(golden("b_llama/model.safetensors"), folder.resolve("model.safetensors"));
        Path config = folder.resolve("config.json");
        String json = Files.readString(golden("b_llama/config.json"));
        Files.writeString(config, json.replaceFirst("\\{", "{\"novel_key\": 3,"));
        assertThat(Inspection.of(folder, null).warnings())
                .anyMatch(warning -> warning.startsWith(config + ": unknown key \"novel_key\""));
        Files.writeString(config, json.replace("\"model_type\": \"llama\"", "\"model_type\": \"qwen2_vl\""));
        assertThatThrownBy(() -> InspectMain.main(new String[] {"--model-path", folder.toString()}))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("a Qwen2-VL model, which LLaVA4J does not support");
    }

    @Test
    void inspectDescribesProjectorFile() {
        Path file = golden("f_e2e/stage1_out/mm_projector.bin");
        for (Path path : List.of(file, file.getParent())) {
            Inspection inspection = Inspection.of(path, null);
            assertThat(inspection.description()).startsWith("projector weights");
            assertThat(inspection.parametersByPart())
                    .containsOnlyKeys("projector")
                    .containsEntry("projector", 64L * 64 + 64);
            assertThat(inspection.problems()).isEmpty();
        }
        assertThat(Inspection.of(golden("b_llama/model.safetensors"), null).problems())
                .isNotEmpty()
                .allMatch(problem -> problem.endsWith("does not belong in a projector file"));
    }

    @ParameterizedTest
    @CsvSource({"q8, I8", "q4, U8"})
    void inspectCountsParametersOfQuantizedFolder(String format, TensorType type) throws IOException {
        Path original = golden("c_llava_linear");
        Path model = temp.resolve("model");
        ExportMain.main(new String[] {
            "--model-path", original.toString(), "--save-type", format, "--output-dir", model.toString()
        });
        Inspection inspection = Inspection.of(model, null);
        assertThat(inspection.problems()).isEmpty();
        assertThat(inspection.description()).endsWith("quantized to " + format);
        assertThat(inspection.parametersByPart())
                .isEqualTo(Inspection.of(original, null).parametersByPart());
        assertThat(inspection.tensorsByDtype()).containsKeys(type.name(), "F16", "F32");
        long bytes = 0;
        for (Path file : List.of(model.resolve("model.safetensors"), model.resolve("vision_tower/model.safetensors"))) {
            try (SafetensorsFile weights = SafetensorsFile.open(file)) {
                bytes += weights.tensors().values().stream()
                        .filter(tensor -> tensor.type() == type)
                        .mapToLong(TensorInfo::length)
                        .sum();
            }
        }
        assertThat(inspection.bytesByDtype()).containsEntry(type.name(), bytes);
        InspectMain.main(new String[] {"--model-path", model.toString(), "--verify"});
    }

    @Test
    void inspectDescribesGgufFiles() {
        Path decoder = golden("k_gguf/model.gguf");
        Path tower = golden("k_gguf/mmproj.gguf");
        Inspection text = Inspection.of(decoder, null);
        assertThat(text.description()).isEqualTo("LLaMA, GGUF");
        assertThat(text.problems()).isEmpty();
        assertThat(text.warnings()).isEmpty();
        Inspection whole = Inspection.of(decoder, tower);
        assertThat(whole.description()).isEqualTo("LLaVA, 16 tokens per image, projector mlp2x_gelu, GGUF");
        assertThat(whole.problems()).isEmpty();
        assertThat(whole.warnings()).isEmpty();
        assertThat(whole.tensorsByDtype()).containsEntry("Q6_K", 3L).containsEntry("F16", 23L);
        assertThat(whole.bytesByDtype()).containsEntry("Q6_K", 344400L);
        assertThat(whole.kindsByFormat().get("Q6_K")).containsOnlyKeys("lm_head", "mlp.down_proj", "self_attn.v_proj");
        InspectMain.main(new String[] {"--model-path", decoder.toString(), "--mmproj", tower.toString(), "--verify"});
        assertThatThrownBy(() -> InspectMain.main(new String[] {"--model-path", tower.toString()}))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("--mmproj");
        assertThatThrownBy(() -> InspectMain.main(new String[] {
                    "--model-path", decoder.toString(), "--mmproj", tower.toString(), "--vision-tower", tower.toString()
                }))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("exclude each other");
    }

    @Test
    void inspectListsMissingAndUnknownTensorsOfGgufFile() {
        GgufBuilder file = new GgufBuilder()
                .text("general.architecture", "llama")
                .integer("llama.context_length", 16)
                .integer("llama.embedding_length", 4)
                .integer("llama.block_count", 1)
                .integer("llama.feed_forward_length", 8)
                .integer("llama.attention.head_count", 1)
                .decimal("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .range("token_embd.weight", 9, 4)
                .range("blk.0.ffn_up.weight", 8, 3)
                .range("rope_freqs.weight", 2);
        Path path = file.write(temp.resolve("model.gguf"));
        assertThat(Inspection.of(path, null).problems())
                .anyMatch(problem -> problem.startsWith("model.norm.weight") && problem.endsWith("is missing"))
                .anyMatch(problem -> problem.contains("mlp.up_proj.weight is [8, 3]"))
                .anyMatch(problem -> problem.contains("rope_freqs.weight") && problem.endsWith("is unused"));
        Path vocabulary = new GgufBuilder()
                .text("general.architecture", "llama")
                .text("tokenizer.ggml.model", "llama")
                .texts("tokenizer.ggml.tokens", List.of("<unk>", "<s>", "</s>", "a"))
                .decimals("tokenizer.ggml.scores", 0, 0, 0, 0)
                .integers("tokenizer.ggml.token_type", 2, 3, 3, 1)
                .write(temp.resolve("vocabulary.gguf"));
        assertThat(Inspection.of(vocabulary, null).description()).endsWith("a tokenizer of 4 tokens");
    }

    @Test
    void verifyDetectsChangedFiles() throws IOException {
        Path model = temp.resolve("model");
        ExportMain.main(
                new String[] {"--model-path", golden("c_llava_linear").toString(), "--output-dir", model.toString()});
        InspectMain.main(new String[] {"--model-path", model.toString(), "--verify"});
        Path weights = model.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        bytes[bytes.length - 3] ^= 4;
        Files.write(weights, bytes);
        assertThatThrownBy(() -> InspectMain.main(new String[] {"--model-path", model.toString(), "--verify"}))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("the 1 differences are listed above");
    }

    @Test
    void verifyCountsNonFiniteValuesByTensor() throws IOException {
        InspectMain.main(new String[] {"--model-path", golden("b_llama").toString(), "--verify"});
        Path model = Files.createDirectory(temp.resolve("llama"));
        Files.copy(golden("b_llama/config.json"), model.resolve("config.json"));
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(golden("b_llama/model.safetensors"))) {
            file.tensors().keySet().forEach(name -> tensors.put(name, file.read(name)));
        }
        tensors.get("model.norm.weight").putScalar(3, Float.NaN).putScalar(5, Float.NEGATIVE_INFINITY);
        SafetensorsWriter.write(model.resolve("model.safetensors"), tensors);
        assertThat(NonFiniteTensors.in(model))
                .singleElement()
                .asString()
                .contains("model.norm.weight")
                .endsWith("1 NaN and 1 infinite values");
        assertThatThrownBy(() -> InspectMain.main(new String[] {"--model-path", model.toString(), "--verify"}))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("holds NaN or infinite values in the 1 tensors");
    }

    @Test
    void inspectRejectsFolderWithoutConfig() {
        assertThatThrownBy(() -> InspectMain.main(new String[] {"--model-path", temp.toString()}))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining(temp.resolve("config.json").toString());
    }
}
