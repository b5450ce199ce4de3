package org.llava4j.train.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.AspectRatio;
import org.llava4j.model.Llava;
import org.llava4j.train.AdamW;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class StagesTest {
    private static final String TOWER = Llava.TOWER_PREFIX + "vision_model.post_layernorm.weight";

    @TempDir
    Path temp;

    @ParameterizedTest
    @CsvSource({"pretrain, 2e-3, 128, 1", "finetune, 2e-5, 32, 3", "finetune-scienceqa, 2e-5, 32, 12"})
    void shippedStagesHavePaperValues(String name, double rate, int samplesPerStep, int epochs) {
        Stage stage = Stages.named(name);
        assertThat(stage.name()).isEqualTo(name);
        assertThat(stage.optimizer().learningRate()).isEqualTo(rate);
        assertThat(stage.schedule().perDeviceTrainBatchSize() * stage.schedule().gradientAccumulationSteps())
                .isEqualTo(samplesPerStep);
        assertThat(stage.schedule().numTrainEpochs()).isEqualTo(epochs);
        assertThat(stage.optimizer().warmupRatio()).isEqualTo(0.03);
        assertThat(stage.optimizer().settings()).isEqualTo(AdamW.Settings.PAPER);
        assertThat(stage.data().modelMaxLength()).isEqualTo(2048);
    }

    @Test
    void stage1TrainsProjectorAndStage2AlsoDecoder() {
        Stage pretrain = Stages.named("pretrain");
        assertThat(pretrain.model().isTrainable("model.mm_projector.weight")).isTrue();
        assertThat(pretrain.model().isTrainable("model.mm_projector.2.bias")).isTrue();
        assertThat(pretrain.model().isTrainable("model.layers.0.mlp.up_proj.weight"))
                .isFalse();
        assertThat(pretrain.model().isTrainable(TOWER)).isFalse();
        for (String name : List.of("finetune", "finetune-scienceqa")) {
            Stage finetune = Stages.named(name);
            for (String weight : List.of(
                    "model.mm_projector.bias",
                    "model.embed_tokens.weight",
                    "model.layers.31.self_attn.q_proj.weight",
                    "model.norm.weight",
                    "lm_head.weight")) {
                assertThat(finetune.model().isTrainable(weight)).as(weight).isTrue();
            }
            assertThat(finetune.model().isTrainable(TOWER)).isFalse();
        }
    }

    @Test
    void stageRoundTripsThroughJson() throws IOException {
        Stage stage = Stages.with(Stages.named("finetune-scienceqa"), Map.of("split", "minitrain", "seed", 1L << 40));
        Path file = Files.writeString(temp.resolve("stage.json"), Stages.json(stage));
        assertThat(Stages.load(file)).isEqualTo(stage);
        assertThat(stage.data().split()).isEqualTo("minitrain");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "learningRate | -1   | \"learningRate\" is -1.0; it must be between 0 and 1",
                "warmupRatio  | 1.0  | \"warmupRatio\" is 1.0; it must be at least 0 and less than 1",
                "modelMaxLength | 0 | \"modelMaxLength\" is 0, but a model's context length is 1 to 16777216",
                "modelMaxLength | 16777217 | \"modelMaxLength\" is 16777217, but a model's context length is 1 to 16777216",
                "numTrainEpochs       | 0    | \"numTrainEpochs\" is 0; it must be at least 1",
                "maxSteps     | -3   | \"maxSteps\" is -3; use a number of steps, or 0 for numTrainEpochs",
                "promptFormat | \"A\" | \"promptFormat\" is A; ScienceQA needs it",
                "dataFormat   | \"scienceqa\" | \"promptFormat\" is null; ScienceQA needs it",
                "trainable    | []   | \"trainable\" is []; select at least one trainable weight",
                "trainable    | [\"(\"] | \"trainable\" has \"(\", which is not a valid regular expression",
                "numTrainEpochs       | 1.5  | numTrainEpochs",
                "explodingLoss | 1   | \"explodingLoss\" is 1.0; use a factor greater than 1, or 0 for no limit",
                "explodingLoss | -2  | \"explodingLoss\" is -2.0; use a factor greater than 1",
                "epochz       | 1    | epochz",
                "convMode     | null | \"convMode\" is null; it must be set",
            })
    void loadRejectsInvalidValue(String key, String json, String message) throws IOException {
        String valid = Stages.json(Stages.named("pretrain")).strip();
        String broken = valid.replaceFirst("\"" + key + "\" : (\\[[^]]*]|[^,\\n]*)", "\"" + key + "\" : " + json);
        if (broken.equals(valid)) {
            broken = valid.replaceFirst("}$", ", \"" + key + "\" : " + json + "}");
        }
        Path file = Files.writeString(temp.resolve("stage.json"), broken);
        assertThatThrownBy(() -> Stages.load(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void loadRejectsMissingKeyAndBrokenJson() throws IOException {
        Path missing = Files.writeString(
                temp.resolve("missing.json"),
                Stages.json(Stages.named("pretrain")).replaceFirst("\"seed\" : 42", "\"x\" : 1"));
        assertThatThrownBy(() -> Stages.load(missing)).isInstanceOf(BadInputException.class);
        Path noSeed = Files.writeString(
                temp.resolve("noSeed.json"),
                Stages.json(Stages.named("pretrain")).replaceFirst(",\\s*\"seed\" : 42", ""));
        assertThatThrownBy(() -> Stages.load(noSeed))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("seed");
        Path broken = Files.writeString(temp.resolve("broken.json"), "{\n  \"name\": \"x\",\n  \"seed\": 4 2\n}");
        assertThatThrownBy(() -> Stages.load(broken))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("broken.json, line 3: invalid JSON");
        Path empty = Files.writeString(temp.resolve("null.json"), "null");
        assertThatThrownBy(() -> Stages.load(empty))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("null.json: is null");
        assertThatThrownBy(() -> Stages.load(temp.resolve("none.json")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("does not exist");
    }

    @ParameterizedTest
    @ValueSource(strings = {"stage1", "PRETRAIN", "../pretrain"})
    void namedRejectsUnknownStage(String name) {
        assertThatThrownBy(() -> Stages.named(name))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("shipped stages are pretrain, finetune, finetune-scienceqa");
    }

    @Test
    void withAppliesSettings() {
        Stage stage = Stages.with(
                Stages.named("finetune-scienceqa"),
                List.of("learningRate=3e-5", "split=minitrain", "optimizer.weightDecay=0.1", "noDecay=[\".+norm.*\"]"));
        assertThat(stage.optimizer().learningRate()).isEqualTo(3e-5);
        assertThat(stage.data().split()).isEqualTo("minitrain");
        assertThat(stage.optimizer().settings().weightDecay()).isEqualTo(0.1);
        assertThat(stage.optimizer().settings().beta2()).isEqualTo(0.999);
        assertThat(stage.optimizer().noDecay()).containsExactly(".+norm.*");
    }

    @ParameterizedTest
    @CsvSource({"beta1, 1", "beta2, -0.1", "eps, 0", "maxGradNorm, 0", "weightDecay, -1"})
    void withNamesTheOptimizerValueThatIsOutOfRange(String key, String value) {
        assertThatThrownBy(() -> Stages.with(Stages.named("finetune"), List.of("optimizer." + key + "=" + value)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("\"optimizer." + key + "\" is " + value)
                .hasMessageNotContaining("[");
    }

    /** As in transformers' and LLaVA's Trainer; with a zero gradient only the decay remains. */
    @Test
    void normsAndBiasesHaveNoDecayByDefault() {
        Stage stage = Stages.with(Stages.named("finetune-v1.5"), List.of("optimizer.weightDecay=0.1"));
        assertThat(stage.optimizer().noDecay()).isEqualTo(OptimizerArguments.NORMS_AND_BIASES);
        List<String> left = List.of(
                "model.layers.0.input_layernorm.weight",
                "model.layers.11.post_attention_layernorm.weight",
                "model.norm.weight",
                "model.mm_projector.0.bias");
        List<String> decaying = List.of(
                "model.layers.0.self_attn.q_proj.weight",
                "model.embed_tokens.weight",
                "lm_head.weight",
                "model.mm_projector.2.weight",
                "model.layers.0.mlp.up_proj.lora_A.weight");
        assertThat(decayed(stage, left)).containsOnly(1f);
        assertThat(decayed(stage, decaying)).allMatch(weight -> weight < 0.95f);
        Stage own = Stages.with(stage, List.of("noDecay=[\"lm_head.+\"]"));
        assertThat(decayed(own, List.of("lm_head.weight"))).containsOnly(1f);
        assertThat(decayed(own, left)).as("a given list replaces the default").allMatch(weight -> weight < 0.95f);
        assertThat(Stages.with(stage, List.of("optimizer.weightDecay=0"))
                        .optimizer()
                        .noDecay())
                .as("without decay the list is empty")
                .isEmpty();
    }

    private static List<Float> decayed(Stage stage, List<String> names) {
        Map<String, INDArray> weights = new TreeMap<>();
        Map<String, INDArray> gradients = new TreeMap<>();
        names.forEach(name -> weights.put(name, Nd4j.ones(2)));
        names.forEach(name -> gradients.put(name, Nd4j.zeros(2)));
        stage.optimizer().adamW().step(0.9, weights, gradients);
        return weights.values().stream().map(weight -> weight.getFloat(0)).toList();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "learningRate        | \"learningRate\" is not a setting; write key=value",
                "learning=1          | learning",
                "optimizer.beta3=0.9 | beta3",
                "perDeviceTrainBatchSize=none      | perDeviceTrainBatchSize",
                "noDecay=[\"x\"]     | \"noDecay\" is [x]; it has no effect",
                "mmProjectorLr=2 | \"mmProjectorLr\" is 2.0; it must be between 0 and 1",
                "promptFormat=A      | \"promptFormat\" is A; ScienceQA needs it"
            })
    void withRejectsInvalidSetting(String setting, String message) {
        assertThatThrownBy(() -> Stages.with(Stages.named("pretrain"), List.of(setting)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @ParameterizedTest
    @CsvSource({"pretrain-v1.5, 1e-3, 256, SQUARE", "finetune-v1.5, 2e-5, 128, PAD"})
    void stagesOfLlava15HavePublishedValues(String name, double rate, int samplesPerStep, AspectRatio ratio) {
        Stage stage = Stages.named(name);
        assertThat(stage.optimizer().learningRate()).isEqualTo(rate);
        assertThat(stage.schedule().perDeviceTrainBatchSize() * stage.schedule().gradientAccumulationSteps())
                .isEqualTo(samplesPerStep);
        assertThat(stage.data().imageAspectRatio()).isEqualTo(ratio);
        assertThat(stage.schedule().numTrainEpochs()).isEqualTo(1);
    }

    @Test
    void formerKeysAreAccepted() throws IOException {
        Map<String, String> former = Map.of(
                "perDeviceTrainBatchSize", "batchSize",
                "gradientAccumulationSteps", "accumulation",
                "numTrainEpochs", "epochs",
                "modelMaxLength", "maxLength",
                "padToMultipleOf", "lengthMultiple",
                "bucketingWindowBatches", "sortedBatches",
                "promptFormat", "answerFormat",
                "mmProjectorLr", "projectorLearningRate");
        Stage stage = Stages.named(Stages.FINETUNE_SCIENCEQA);
        String json = Stages.json(stage);
        for (Map.Entry<String, String> key : former.entrySet()) {
            json = json.replace("\"" + key.getKey() + "\"", "\"" + key.getValue() + "\"");
        }
        assertThat(json).contains("\"accumulation\"").doesNotContain("gradientAccumulationSteps");
        assertThat(Stages.ofJson(json)).isEqualTo(stage);
        assertThat(Stages.with(stage, List.of("batchSize=7")).schedule().perDeviceTrainBatchSize())
                .isEqualTo(7);
        assertThat(Stages.with(stage, Map.of("accumulation", 3)).schedule().gradientAccumulationSteps())
                .isEqualTo(3);
    }

    @Test
    void fileWithoutKeysThatHaveDefaultsIsRead() {
        Stage stage = Stages.named(Stages.PRETRAIN);
        String before = Stages.json(stage)
                .replaceFirst("\\s*\"groupByModalityLength\" : false,", "")
                .replaceFirst("\\s*\"packing\" : false,", "");
        assertThat(before).doesNotContain("groupByModalityLength").doesNotContain("packing");
        assertThat(Stages.ofJson(before)).isEqualTo(stage);
        assertThat(Stages.named(Stages.FINETUNE_V1_5).data().groupByModalityLength())
                .isTrue();
    }

    @Test
    void withRejectsUnknownKey() {
        Stage stage = Stages.named("pretrain");
        assertThatThrownBy(() -> Stages.with(stage, Map.of("learning_rate", 1e-3)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("learning_rate");
        assertThat(Stages.with(stage, Map.of("learningRate", 1e-3)).optimizer().learningRate())
                .isEqualTo(1e-3);
    }
}
