package org.llava4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.features.TowerFeatures;
import org.llava4j.model.folder.CheckpointWriter.Origin;
import org.llava4j.model.folder.TrainedModels;
import org.llava4j.model.generate.ContinuousBatchingScheduler;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.Generation;
import org.llava4j.model.generate.OutputTokens;
import org.llava4j.model.generate.Prompt;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.ForwardPassRecorder;
import org.llava4j.model.weights.ForwardPassRecorder.Gradients;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** A model with image start and end tokens. */
class ImageStartEndModelTest {
    private static final int START = 1001;
    private static final int END = 1002;
    private static final ChatFormat V1 = new ChatFormat(ConversationTemplates.named("v1"), true);

    @TempDir
    private Path temp;

    private Path folder;

    @BeforeEach
    void writeModel() {
        folder = ImageStartEndFolder.write(temp.resolve("model"));
    }

    @Test
    void separateRowsGiveSameOutputsAndGradientsAsOneTable() {
        Map<String, INDArray> with = ForwardPassRecorder.open(folder, null)
                .run(inputs(), Gradients.STAGE2)
                .tensors();
        configure("mm_use_im_start_end", false);
        Map<String, INDArray> without = ForwardPassRecorder.open(folder, null)
                .run(inputs(), Gradients.STAGE2)
                .tensors();
        assertThat(with.keySet()).isEqualTo(without.keySet()).contains("grad.model.embed_tokens.weight");
        without.forEach((name, tensor) -> assertThat(Golden.relativeError(with.get(name), tensor))
                .as(name)
                .isLessThan(1e-6));
        INDArray gradient = with.get("grad.model.embed_tokens.weight");
        assertThat(gradient.getRow(START).norm2Number().doubleValue()).isPositive();
        assertThat(gradient.getRow(END).norm2Number().doubleValue()).isPositive();
    }

    @Test
    void trainedRowsAreWrittenIntoTableAndReloaded() {
        Llava model = load(folder);
        assertThat(model.weightNames()).contains(ImageStartEndEmbeddings.NAME);
        model.weight(ImageStartEndEmbeddings.NAME).addi(0.125f);
        Path out = temp.resolve("out");
        LlavaConfig config = LlavaConfig.read(folder, null);
        TrainedModels.write(out, model, new Origin(folder, ImageStartEndFolder.TOWER, config, V1), TensorType.F32);

        assertThat(LlavaConfig.read(out, null)).isEqualTo(config);
        assertThat(config.imageStartEndTokens()).isEqualTo(new ImageStartEndTokens(START, END));
        ObjectNode json = (ObjectNode) JsonInput.readObject(out.resolve("config.json"));
        assertThat(json.get("mm_use_im_start_end").booleanValue()).isTrue();
        assertThat(json.get("mm_use_im_patch_token").booleanValue()).isTrue();
        assertThat(json.get("vocab_size").intValue()).isEqualTo(1003);
        Llava back = load(out);
        for (String name : List.of(ImageStartEndEmbeddings.NAME, "lm_head.weight", "model.mm_projector.weight")) {
            assertThat(back.weight(name)).as(name).isEqualTo(model.weight(name));
        }
        try (SafetensorsFile before = SafetensorsFile.open(folder.resolve("model.safetensors"));
                SafetensorsFile after = SafetensorsFile.open(out.resolve("model.safetensors"))) {
            assertThat(after.tensors().keySet()).isEqualTo(before.tensors().keySet());
            INDArray original = before.read(ImageStartEndEmbeddings.TABLE);
            INDArray written = after.read(ImageStartEndEmbeddings.TABLE);
            for (int id = 0; id < 1003; id++) {
                boolean isImageToken = id == START || id == END;
                assertThat(written.getRow(id))
                        .as("row %d", id)
                        .isEqualTo(isImageToken ? original.getRow(id).add(0.125f) : original.getRow(id));
            }
        }
        INDArray logits = logits(model);
        assertThat(logits(back)).isEqualTo(logits);
        assertThat(logits(load(folder))).isNotEqualTo(logits);
    }

    @Test
    void projectorFileCarriesRowsAloneOrInTable() {
        Llava donor = load(folder);
        donor.weight(ImageStartEndEmbeddings.NAME).addi(0.5f);
        donor.weight("model.mm_projector.bias").addi(0.25f);
        Path tableFile = temp.resolve("mm_projector.safetensors");
        TrainedModels.writeProjector(tableFile, donor);
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(tableFile)) {
            assertThat(file.tensors().keySet())
                    .containsExactly(
                            ImageStartEndEmbeddings.TABLE, "model.mm_projector.bias", "model.mm_projector.weight");
            file.tensors().keySet().forEach(name -> tensors.put(name, file.read(name)));
        }
        tensors.get(ImageStartEndEmbeddings.TABLE).getRow(7).assign(99);
        SafetensorsWriter.write(tableFile, tensors);
        tensors.put(ImageStartEndEmbeddings.TABLE, donor.weight(ImageStartEndEmbeddings.NAME));
        Path rowsFile = temp.resolve("rows.safetensors");
        SafetensorsWriter.write(rowsFile, tensors);
        for (Path file : List.of(tableFile, rowsFile)) {
            Llava model = load(folder, file);
            assertThat(model.weight(ImageStartEndEmbeddings.NAME))
                    .isEqualTo(donor.weight(ImageStartEndEmbeddings.NAME));
            assertThat(model.weight("model.mm_projector.bias")).isEqualTo(donor.weight("model.mm_projector.bias"));
            assertThat(model.weight(ImageStartEndEmbeddings.TABLE))
                    .as("all other rows are the folder's")
                    .isEqualTo(donor.weight(ImageStartEndEmbeddings.TABLE));
        }
        tensors.put(ImageStartEndEmbeddings.TABLE, Nd4j.ones(DataType.FLOAT, 3, 64));
        SafetensorsWriter.write(rowsFile, tensors);
        assertThatThrownBy(() -> load(folder, rowsFile))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("model.embed_tokens.weight is [3, 64] in " + rowsFile)
                .hasMessageContaining("[2, 64] or [1003, 64]");
        configure("mm_use_im_start_end", false);
        assertThatThrownBy(() -> load(folder, tableFile))
                .hasMessageContaining("model.embed_tokens.weight [1003, 64] in " + tableFile)
                .hasMessageContaining("\"mm_use_im_start_end\"");
    }

    @Test
    void promptContainsImageStartAndEndTokens() {
        Path image = Golden.path("d_preproc/rgb_64x48.png");
        LlavaModel model = LlavaModel.load(folder, V1);
        String answer = model.answer(image, "What is it?", 12);
        LlavaConfig config = LlavaConfig.read(folder, null);
        LlamaTokenizer tokenizer = LlamaTokenizer.load(folder);
        int[] prompt = tokenizer.encodeWithImages(
                V1.template().prompt(List.of(Turn.human("<im_start><image><im_end>\nWhat is it?"))));
        assertThat(prompt).containsSequence(START, -200, END);
        TowerFeatures tower = TowerFeatures.load(folder, ImageStartEndFolder.TOWER, config, WeightDtype.FP32);
        INDArray features = Nd4j.createFromArray(tower.features(List.of(image)).get(0))
                .reshape(-1, config.vision().hiddenSize());
        Llava language;
        try (Checkpoint weights =
                Checkpoint.llava(folder, ImageStartEndFolder.TOWER).withoutTower()) {
            language = Llava.build(config, weights, Llava.ImageInput.FEATURES);
        }
        CollatorOptions options = new CollatorOptions(config.numImageTokens(), 1003, 2048);
        ContinuousBatchingScheduler scheduler = new ContinuousBatchingScheduler(
                language,
                options,
                OutputTokens.of(tokenizer, 1003, Set.of()),
                (layout, prompts) -> Placeholders.features(layout, features));
        Generation generation = scheduler.submit(
                new Prompt(prompt, List.of(ImageRef.of(image))), DecodingOptions.greedy(12), token -> true);
        scheduler.await(generation);
        int[] tokens = generation.newTokenIds();
        assertThat(answer).isEqualTo(tokenizer.decode(tokens).strip());
        configure("mm_use_im_start_end", false);
        assertThat(LlavaModel.load(folder, V1).answer(image, "What is it?", 12))
                .as("without the tokens the answer differs")
                .isNotEqualTo(answer);
    }

    @Test
    void loadRejectsTokenizerWithoutImageTokens() throws IOException {
        Files.delete(folder.resolve("added_tokens.json"));
        Files.delete(folder.resolve("tokenizer_config.json"));
        assertThatThrownBy(() -> LlavaModel.load(folder, V1))
                .isInstanceOf(BadInputException.class)
                .hasMessage(folder + ": \"mm_use_im_start_end\" is true but the tokenizer has no token <im_start>; use"
                        + " the added_tokens.json of the weights, or set the key to false if they have no"
                        + " embedding for it");
    }

    @Test
    void loadRejectsOtherVocabularySize() {
        configure("vocab_size", 1001);
        assertThatThrownBy(() -> LlavaModel.load(folder, V1))
                .isInstanceOf(BadInputException.class)
                .hasMessage(
                        folder.resolve("config.json") + ": \"vocab_size\" is 1001 but <im_start> and <im_end> have ids"
                                + " up to 1002; it must include the added tokens, as the embedding tables do");
        configure("vocab_size", 1004);
        assertThatThrownBy(() -> load(folder))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("; lm_head.weight is [1003, 64]")
                .hasMessageContaining(
                        "model.embed_tokens.weight is [1003, 64] in " + folder + " but the config asks for [1004, 64]")
                .hasMessageNotContaining("\n");
        configure("vocab_size", 1003);
        configure("tie_word_embeddings", true);
        assertThatThrownBy(() -> load(folder)).hasMessageContaining("\"tie_word_embeddings\" is true");
    }

    private void configure(String key, Object value) {
        ObjectNode config = (ObjectNode) JsonInput.readObject(folder.resolve("config.json"));
        ImageStartEndFolder.change(folder, config.putPOJO(key, value));
    }

    private static Llava load(Path folder) {
        return load(folder, null);
    }

    private static Llava load(Path folder, Path projector) {
        Path tower = LlavaConfig.visionTowerPath(folder);
        try (Checkpoint checkpoint = Checkpoint.llava(folder, tower)) {
            if (projector != null) {
                checkpoint.withProjector(projector);
            }
            return Llava.build(LlavaConfig.read(folder, tower), checkpoint, Llava.ImageInput.PIXELS);
        }
    }

    private static Map<String, INDArray> inputs() {
        Random random = new Random(3);
        float[] pixels = new float[2 * 3 * 56 * 56];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) random.nextGaussian();
        }
        return Map.of(
                "images",
                Nd4j.createFromArray(pixels).reshape(2, 3, 56, 56),
                "input_ids",
                Nd4j.createFromArray(new int[][] {
                    {1, START, -200, END, 13, 400, 401, 402, 2}, {1, 300, START, -200, END, 500, 501, 502, 2}
                }),
                "labels",
                Nd4j.createFromArray(new int[][] {
                    {-100, -100, -100, -100, -100, -100, 401, 402, 2},
                    {-100, -100, -100, -100, -100, -100, 501, 502, 2}
                }));
    }

    private static INDArray logits(Llava model) {
        int[] ids = {1, 300, START, -200, END, 500, 501, 502};
        int[] labels = {-100, -100, -100, -100, -100, 500, 501, 502};
        BatchLayout layout = BatchLayout.collate(
                List.of(new EncodedSample(ids, labels)), new int[] {1}, new CollatorOptions(16, 1003, 2048));
        INDArray pixels =
                inputs().get("images").get(NDArrayIndex.interval(0, 1)).dup();
        return model.output(Placeholders.pixels(layout, pixels), List.of("logits"))
                .get("logits")
                .dup();
    }
}
