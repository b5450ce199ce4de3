package org.llava4j.model.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.conversation.ConversationTemplate;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.model.Llava;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.folder.CheckpointWriter.Origin;
import org.llava4j.model.tensors.HalfFloats;
import org.llava4j.model.tensors.SafetensorsFolder;
import org.llava4j.model.tensors.TensorStore;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.testing.Golden;

class CheckpointWriterTest {
    private static final Path LLAVA = Golden.path("c_llava_mlp2x_gelu");
    private static final Path LLAMA = Golden.path("b_llama");
    private static final Path TOWER = Golden.path("a_clip56");

    @TempDir
    Path temp;

    @Test
    void writtenModelLoadsWithEqualWeights() {
        Path out = temp.resolve("out");
        Llava model = load(LLAVA, TOWER, ImageInput.PIXELS);
        model.weight("model.mm_projector.0.weight").addi(0.25f);
        TrainedModels.write(out, model, origin(LLAVA), TensorType.F32);

        Llava back = load(out, LlavaConfig.visionTowerPath(out), ImageInput.PIXELS);
        assertThat(back.weightNames()).containsExactlyElementsOf(model.weightNames());
        for (String name : model.weightNames()) {
            assertThat(back.weight(name)).as(name).isEqualTo(model.weight(name));
        }
        assertThat(LlavaConfig.read(out, null)).isEqualTo(LlavaConfig.read(LLAVA, TOWER));
        assertThat(ChatFormat.of(out)).isEqualTo(chat("v1"));
        assertThatThrownBy(() -> ChatFormat.of(LLAVA)).hasMessageContaining("--conv-mode");
    }

    @Test
    void writeKeepsCustomTemplateAndImagePosition() {
        Path out = temp.resolve("out");
        ConversationTemplate v1 = ConversationTemplates.named("v1");
        ConversationTemplate custom =
                new ConversationTemplate("own", List.of(), "Answer in a word.", v1.prompt(), v1.training());
        ChatFormat chat = new ChatFormat(custom, false);
        Origin origin = new Origin(LLAVA, TOWER, LlavaConfig.read(LLAVA, TOWER), chat);
        TrainedModels.write(out, load(LLAVA, TOWER, ImageInput.FEATURES), origin, TensorType.F32);
        assertThat(ChatFormat.of(out)).isEqualTo(chat);
        assertThat(ChatFormat.of(out, "v0")).isEqualTo(new ChatFormat(ConversationTemplates.named("v0"), false));
    }

    private static ChatFormat chat(String mode) {
        return new ChatFormat(ConversationTemplates.named(mode), true);
    }

    @Test
    void writeIncludesTowerOfModelTrainedOnFeatures() {
        Path out = temp.resolve("out");
        TrainedModels.write(out, load(LLAVA, TOWER, ImageInput.FEATURES), origin(LLAVA), TensorType.F32);
        try (TensorStore written = SafetensorsFolder.open(out.resolve("vision_tower"));
                TensorStore tower = SafetensorsFolder.open(TOWER)) {
            assertThat(written.tensors().keySet()).isEqualTo(tower.tensors().keySet());
            for (String name : tower.tensors().keySet()) {
                assertThat(written.read(name)).as(name).isEqualTo(tower.read(name));
            }
        }
        assertThat(TOWER.resolve("preprocessor_config.json"))
                .hasSameTextualContentAs(out.resolve("vision_tower/preprocessor_config.json"));
    }

    @Test
    void writeMakesLlavaFromLlamaAndNewProjector() throws IOException {
        Path out = temp.resolve("out");
        LlavaConfig config = LlavaConfig.read(LLAMA, TOWER);
        Llava model;
        try (Checkpoint checkpoint = Checkpoint.llava(LLAMA, TOWER).withNewProjector(7)) {
            model = Llava.build(config, checkpoint, ImageInput.PIXELS);
        }
        TrainedModels.write(out, model, new Origin(LLAMA, TOWER, config, chat("plain")), TensorType.F32);

        assertThat(LlavaConfig.isLlava(out)).isTrue();
        Llava back = load(out, out.resolve("vision_tower"), ImageInput.PIXELS);
        assertThat(back.weight("model.mm_projector.weight")).isEqualTo(model.weight("model.mm_projector.weight"));
        JsonNode before =
                new ObjectMapper().readTree(LLAMA.resolve("config.json").toFile());
        ObjectNode after = (ObjectNode)
                new ObjectMapper().readTree(out.resolve("config.json").toFile());
        assertThat(after.get("model_type").textValue()).isEqualTo("llava_llama");
        for (Map.Entry<String, JsonNode> entry : before.properties()) {
            if (!entry.getKey().equals("model_type") && !entry.getKey().equals("architectures")) {
                assertThat(after.get(entry.getKey())).as(entry.getKey()).isEqualTo(entry.getValue());
            }
        }
    }

    /** The llava-hf config is nested, and the model folder contains the tower. */
    @Test
    void writeConvertsLlavaHfToOriginalLayout() throws IOException {
        Path folder = Golden.path("h_llava_hf");
        Path out = temp.resolve("out");
        Llava model = load(folder, folder, ImageInput.PIXELS);
        Origin origin = new Origin(folder, folder, LlavaConfig.read(folder, null), chat("v1"));
        TrainedModels.write(out, model, origin, TensorType.F32);

        assertThat(LlavaConfig.read(out, null)).isEqualTo(LlavaConfig.read(folder, null));
        assertThat(LlavaConfig.visionTowerPath(out)).isEqualTo(out.resolve("vision_tower"));
        JsonNode config = new ObjectMapper().readTree(out.resolve("config.json").toFile());
        assertThat(config.has("text_config")).isFalse();
        assertThat(config.get("eos_token_id").intValue()).isEqualTo(2);
        Llava back = load(out, out.resolve("vision_tower"), ImageInput.PIXELS);
        for (String name : model.weightNames()) {
            assertThat(back.weight(name)).as(name).isEqualTo(model.weight(name));
        }
    }

    @Test
    void projectorFileLoadsIntoOtherModel() {
        Llava donor = load(LLAVA, TOWER, ImageInput.FEATURES);
        donor.weight("model.mm_projector.2.bias").addi(1.5f);
        Path file = temp.resolve("mm_projector.safetensors");
        TrainedModels.writeProjector(file, donor);
        Llava model;
        try (Checkpoint checkpoint =
                Checkpoint.llava(LLAVA, TOWER).withProjector(file).withoutTower()) {
            model = Llava.build(LlavaConfig.read(LLAVA, TOWER), checkpoint, ImageInput.FEATURES);
        }
        assertThat(model.weight("model.mm_projector.2.bias")).isEqualTo(donor.weight("model.mm_projector.2.bias"));
    }

    @Test
    void writeIsReproducible() throws IOException {
        Llava model = load(LLAVA, TOWER, ImageInput.FEATURES);
        TrainedModels.write(temp.resolve("a"), model, origin(LLAVA), TensorType.BF16);
        TrainedModels.write(temp.resolve("b"), model, origin(LLAVA), TensorType.BF16);
        Map<String, byte[]> a = files(temp.resolve("a"));
        Map<String, byte[]> b = files(temp.resolve("b"));
        assertThat(a.keySet()).isEqualTo(b.keySet()).contains("config.json", "vision_tower/model.safetensors");
        a.forEach((name, bytes) -> assertThat(b.get(name)).as(name).isEqualTo(bytes));
    }

    @Test
    void halfPrecisionRoundsWeightsButNotTower() {
        Path out = temp.resolve("out");
        Llava model = load(LLAVA, TOWER, ImageInput.FEATURES);
        TrainedModels.write(out, model, origin(LLAVA), TensorType.BF16);
        try (TensorStore written = SafetensorsFolder.open(out);
                TensorStore tower = SafetensorsFolder.open(out.resolve("vision_tower"))) {
            assertThat(written.tensors().values()).allMatch(info -> info.type() == TensorType.BF16);
            assertThat(tower.tensors().values()).noneMatch(info -> info.type() == TensorType.BF16);
            float exact = model.weight("lm_head.weight").getFloat(3, 5);
            assertThat(written.read("lm_head.weight").getFloat(3, 5))
                    .isEqualTo(HalfFloats.bf16ToFloat(HalfFloats.floatToBf16(exact)));
        }
    }

    private static Origin origin(Path folder) {
        return new Origin(folder, TOWER, LlavaConfig.read(folder, TOWER), chat("v1"));
    }

    private static Llava load(Path folder, Path tower, ImageInput input) {
        try (Checkpoint checkpoint = Checkpoint.llava(folder, tower)) {
            if (input == ImageInput.FEATURES) {
                checkpoint.withoutTower();
            }
            return Llava.build(LlavaConfig.read(folder, tower), checkpoint, input);
        }
    }

    private static Map<String, byte[]> files(Path folder) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                files.put(folder.relativize(file).toString(), Files.readAllBytes(file));
            }
        }
        return files;
    }
}
