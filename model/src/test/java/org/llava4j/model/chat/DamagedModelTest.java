package org.llava4j.model.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.Generation.FinishReason;
import org.llava4j.model.generate.NonFiniteLogitsException;
import org.llava4j.model.generate.SamplingOptions;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.model.weights.WeightDtype;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Inference with damaged weights, a padded LM head and several end tokens, on modified copies of the bundled model. */
class DamagedModelTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));
    private static final Path MAP = ROOT.resolve("resources/readme/map.png");
    private static final String QUESTION = "Which way is it from the house to the tree?\nContext: N/A\n"
            + "Options: (A) north (B) south (C) east (D) west";
    private static final String ANSWER = "The answer is C.";
    private static final String HEAD = "lm_head.weight";
    private static final String TABLE = "model.embed_tokens.weight";

    @TempDir
    private Path folder;

    @BeforeEach
    void copyModel() throws IOException {
        Path tiny = ROOT.resolve("resources/tiny/llava");
        Files.copy(tiny.resolve("tokenizer.model"), folder.resolve("tokenizer.model"));
        ObjectNode config = (ObjectNode) JsonInput.readObject(tiny.resolve("config.json"));
        config.put(
                "mm_vision_tower",
                ROOT.resolve("resources/tiny/base/vision_tower")
                        .toAbsolutePath()
                        .toString());
        Files.writeString(folder.resolve("config.json"), config.toString());
        write(tensors -> {});
    }

    private void write(Consumer<Map<String, INDArray>> change) {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(ROOT.resolve("resources/tiny/llava/model.safetensors"))) {
            file.tensors().keySet().forEach(name -> tensors.put(name, file.read(name)));
        }
        change.accept(tensors);
        SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors);
    }

    private void configure(Consumer<ObjectNode> change) throws IOException {
        ObjectNode config = (ObjectNode) JsonInput.readObject(folder.resolve("config.json"));
        change.accept(config);
        Files.writeString(folder.resolve("config.json"), config.toString());
    }

    private Answer answer(SamplingOptions sampling) {
        try (LlavaModel model = LlavaModel.load(folder)) {
            return model.answer(
                    GenerationRequest.about(ImageRef.of(MAP), QUESTION),
                    DecodingOptions.greedy(16).withSampling(sampling));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.layers.2.mlp.down_proj.weight", "model.mm_projector.weight", HEAD})
    void answerFailsOnNanWeight(String name) {
        write(tensors -> tensors.get(name).putScalar(new long[] {7, 3}, Float.NaN));
        for (SamplingOptions sampling : new SamplingOptions[] {SamplingOptions.GREEDY, SamplingOptions.at(0.7, 1)}) {
            assertThatThrownBy(() -> answer(sampling))
                    .isInstanceOf(NonFiniteLogitsException.class)
                    .hasMessageContaining("NaN or infinite")
                    .hasMessageContaining("inspect --verify");
        }
    }

    @Test
    void evaluationNamesProblemWithNonFiniteLogits() {
        write(tensors -> tensors.get(HEAD).putScalar(new long[] {7, 3}, Float.NaN));
        ScienceQaProblem problem = new ScienceQaProblem(
                "42",
                "Is it?",
                List.of("yes", "no"),
                0,
                "",
                "",
                "closed choice",
                "grade2",
                "natural science",
                "physics",
                "Magnets",
                "Predict",
                "",
                "",
                "test");
        try (LlavaModel model = LlavaModel.load(folder)) {
            assertThatThrownBy(() -> new ScienceQaPredictor(ScienceQaPrompt.A, 2, 4)
                            .predict(model, List.of(problem), any -> MAP))
                    .isInstanceOf(NonFiniteLogitsException.class)
                    .hasMessageStartingWith("problem 42: ");
        }
    }

    @Test
    void answerFailsOnOverflow() {
        write(tensors -> tensors.get(HEAD).muli(1e38));
        assertThatThrownBy(() -> answer(SamplingOptions.GREEDY)).isInstanceOf(NonFiniteLogitsException.class);
    }

    @Test
    void failedAnswerLeavesModelUsable() {
        write(tensors -> tensors.get(TABLE)
                .putScalar(new long[] {LlamaTokenizer.load(folder).pieceId("▁east"), 0}, Float.NaN));
        try (LlavaModel model = LlavaModel.load(folder)) {
            PendingAnswer bad = model.submit(
                    GenerationRequest.about(ImageRef.of(MAP), QUESTION), DecodingOptions.greedy(4), text -> {});
            assertThatThrownBy(() -> bad.answer().join())
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(NonFiniteLogitsException.class);
            assertThat(model.answer(MAP, "How many red circles are there?", 8)).isNotEmpty();
        }
    }

    /** The added rows of the head have the largest logits, and the tokenizer cannot decode their ids. */
    @Test
    void rowsBeyondTokenizerAreNeverChosen() throws IOException {
        write(tensors -> {
            for (String name : new String[] {TABLE, HEAD}) {
                INDArray rows = tensors.get(name);
                INDArray more = Nd4j.ones(64, rows.size(1)).muli(name.equals(HEAD) ? 1e4 : 0);
                more.get(NDArrayIndex.interval(0, 32), NDArrayIndex.all()).negi();
                tensors.put(name, Nd4j.concat(0, rows, more));
            }
        });
        configure(config -> config.put("vocab_size", 864));
        assertThat(answer(SamplingOptions.GREEDY).text()).isEqualTo(ANSWER);
        assertThat(answer(SamplingOptions.at(1, 3)).text()).isNotEmpty();
    }

    @Test
    void everyEosTokenEndsAnswer() throws IOException {
        LlamaTokenizer tokenizer = LlamaTokenizer.load(folder);
        int[] ids = tokenizer.encode(ANSWER);
        int end = ids[ids.length - 1];
        configure(config -> config.putArray("eos_token_id").add(2).add(end));
        Answer ended = answer(SamplingOptions.GREEDY);
        assertThat(ended.text()).isEqualTo(tokenizer.decode(Arrays.copyOf(ids, ids.length - 1)));
        assertThat(ended.finishReason()).isEqualTo(FinishReason.STOP);
        // generation_config.json wins over config.json, as in transformers.
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": 2}");
        assertThat(answer(SamplingOptions.GREEDY).text()).isEqualTo(ANSWER);
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": \"</s>\"}");
        assertThatThrownBy(() -> LlavaModel.load(folder))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("generation_config.json")
                .hasMessageContaining("eos_token_id");
    }

    @Test
    void loadRejectsValuesBeyondWeightDtype() {
        write(tensors -> tensors.get("model.layers.1.self_attn.q_proj.weight").putScalar(new long[] {0, 0}, 1e6));
        Path tower = ROOT.resolve("resources/tiny/base/vision_tower");
        assertThatThrownBy(() -> LlavaModel.load(folder, tower, ChatFormat.of(folder), WeightDtype.FP16))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("model.layers.1.self_attn.q_proj.weight")
                .hasMessageContaining("1 of 16384 values exceed the range of float16")
                .hasMessageContaining("1.00000e+06");
        LlavaModel.load(folder, tower, ChatFormat.of(folder), WeightDtype.BF16).close();
        write(tensors -> tensors.get("model.layers.1.self_attn.q_proj.weight").putScalar(new long[] {0, 0}, Float.NaN));
        assertThatThrownBy(() -> LlavaModel.load(folder, tower, ChatFormat.of(folder), WeightDtype.Q8))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("q_proj.weight contains 1 NaN");
    }
}
