package org.llava4j.data.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.ConversationEncoder;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.conversation.ImageMarkup;
import org.llava4j.data.image.AspectRatio;
import org.llava4j.data.image.ClipImageProcessor;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.data.records.ConversationRecordReader;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.data.tokenizer.SentencePieceReader;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.testing.Golden;

/**
 * Reader, template, tokenizer and image processor together, from the JSON files and images of {@code f_e2e} to every
 * batch of the published training. Rows are identified by their token ids; the order of samples is PyTorch's.
 */
class PublishedBatchesTest {
    private static final Path IMAGES = Golden.path("d_preproc");
    private static final LlamaTokenizer TOKENIZER = LlamaTokenizer.of(
            SentencePieceReader.read(Golden.path("e_spm/tokenizer.model")), Golden.path("f_e2e/base_llm"));

    /** Stored row without its padding, which is checked separately. */
    @SuppressWarnings("ArrayRecordComponent") // never compared as a whole
    private record StoredRow(int[] ids, int[] labels, float[] pixels) {}

    @Test
    void stageOneBatchesMatchPublishedCode() {
        Map<String, StoredRow> stored = storedRows("stage1");
        List<Conversation> samples = check("pretrain.json", "plain", AspectRatio.SQUARE, stored, List.of());
        assertThat(samples).hasSize(8).hasSameSizeAs(stored.keySet());
    }

    @Test
    void stageTwoBatchesMatchPublishedCodeExceptDroppedLabels() {
        Map<String, StoredRow> stored = storedRows("stage2");
        // Samples 0 and 3, 1 and 4, 2 and 5 differ in their images only, so the key includes the pixels.
        List<Conversation> samples = check("finetune.json", "v1", AspectRatio.PAD, stored, List.of("7"));
        assertThat(samples).hasSize(8).hasSameSizeAs(stored.keySet());
    }

    private static List<Conversation> check(
            String file, String template, AspectRatio aspect, Map<String, StoredRow> stored, List<String> dropped) {
        ConversationEncoder encoder =
                new ConversationEncoder(TOKENIZER, ConversationTemplates.named(template), ImageMarkup.V1);
        ClipImageProcessor images = new ClipImageProcessor(
                ClipPreprocessing.read(Golden.path("a_clip56")).withAspectRatio(aspect));
        List<Conversation> samples = new ArrayList<>();
        try (ConversationRecordReader reader = ConversationRecordReader.open(Golden.path("f_e2e/" + file))) {
            while (reader.hasNext()) {
                Conversation sample = reader.nextValue();
                samples.add(sample);
                // The published dataset gives a text-only sample a black image that no token refers to.
                float[] pixels = sample.hasImages()
                        ? images.process(IMAGES.resolve(sample.images().get(0)))
                        : new float[3 * 56 * 56];
                EncodedSample encoded = encoder.encode(sample);
                StoredRow row = stored.get(key(encoded.inputIds(), pixels));
                assertThat(row).as("stored row of sample %s", sample.id()).isNotNull();
                if (dropped.contains(sample.id())) {
                    assertThat(row.labels()).containsOnly(EncodedSample.IGNORE_INDEX);
                    assertThat(encoded.labels()).contains(TOKENIZER.eosId());
                } else {
                    assertThat(encoded.labels())
                            .as("labels of sample %s", sample.id())
                            .isEqualTo(row.labels());
                }
            }
        }
        return samples;
    }

    private static Map<String, StoredRow> storedRows(String stage) {
        Map<String, StoredRow> rows = new HashMap<>();
        for (int batch = 1; batch <= 4; batch++) {
            try (SafetensorsFile file =
                    SafetensorsFile.open(Golden.path("f_e2e/" + stage + "_batch" + batch + ".safetensors"))) {
                int[][] ids = file.read("input_ids").toIntMatrix();
                int[][] labels = file.read("labels").toIntMatrix();
                int[][] mask = file.read("attention_mask").toIntMatrix();
                float[] pixels = file.read("images").ravel().toFloatVector();
                int perImage = pixels.length / ids.length;
                int longest = 0;
                for (int row = 0; row < ids.length; row++) {
                    int real = Arrays.stream(mask[row]).sum();
                    longest = Math.max(longest, real);
                    for (int t = 0; t < ids[row].length; t++) {
                        assertThat(mask[row][t]).isEqualTo(t < real ? 1 : 0);
                        if (t >= real) {
                            assertThat(ids[row][t]).isEqualTo(TOKENIZER.padId());
                            assertThat(labels[row][t]).isEqualTo(EncodedSample.IGNORE_INDEX);
                        }
                    }
                    StoredRow one = new StoredRow(
                            Arrays.copyOf(ids[row], real),
                            Arrays.copyOf(labels[row], real),
                            Arrays.copyOfRange(pixels, row * perImage, (row + 1) * perImage));
                    rows.put(key(one.ids(), one.pixels()), one);
                }
                assertThat(ids[0]).as("a batch is as long as its longest row").hasSize(longest);
            }
        }
        return rows;
    }

    /** Exact key: floats are compared by their bits. */
    private static String key(int[] ids, float[] pixels) {
        return Arrays.toString(ids) + Arrays.hashCode(pixels);
    }
}
