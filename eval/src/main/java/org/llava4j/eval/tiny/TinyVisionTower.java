package org.llava4j.eval.tiny;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.image.ClipImageProcessor;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.data.image.ImageFiles;
import org.llava4j.data.image.RgbImage;
import org.llava4j.data.records.ConversationRecordReader;
import org.llava4j.data.records.SeededPermutation;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.ops.CrossEntropy;
import org.llava4j.model.ops.Linear;
import org.llava4j.model.ops.RmsNorm;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Trainer of the tiny vision tower on synthetic images and their labels. The n-th feature vector has to predict the
 * n-th token of the label: one linear layer, shared by all vectors, maps it into the decoder's embedding space, where
 * the cross-entropy is over cosine similarities with a temperature, as in CLIP (Radford et al. 2021, section 2.3). So a
 * linear projector to the decoder's token embeddings exists. The layer is discarded; stage 1 has to find another.
 */
final class TinyVisionTower {
    private static final int BATCH_SIZE = 32;
    private static final double LEARNING_RATE = 1.5e-3;

    /** Inverse temperature: the factor of the cosine similarities in the logits. */
    private static final double LOGIT_SCALE = 10;

    private static final double EPSILON = 1e-5;
    private static final String LABEL_TOKENS = "label_pieces";

    private final LlavaConfig config = TinyModelConfig.llava();
    private final List<RgbImage> crops = new ArrayList<>();
    private final List<int[]> labels = new ArrayList<>();
    private final ClipImageProcessor processor =
            new ClipImageProcessor(ClipPreprocessing.clip(config.vision().imageSizePx()));

    /** Decodes each image once; tens of thousands fit in memory as bytes. */
    private TinyVisionTower(Path dataset, LlamaTokenizer tokenizer) {
        Path images = dataset.resolve("captions/images");
        int padding = tokenizer.pieceId(".");
        try (ConversationRecordReader reader = ConversationRecordReader.open(dataset.resolve("captions/chat.json"))) {
            for (int i = 0; i < reader.size(); i++) {
                Conversation sample = reader.get(i);
                crops.add(processor.crop(
                        ImageFiles.read(images.resolve(sample.images().get(0)))));
                labels.add(padded(
                        tokenizer.encode(sample.turns().get(1).value()), padding, config.numImageTokens(), sample));
            }
        }
    }

    private static int[] padded(int[] pieces, int padding, int length, Conversation sample) {
        if (pieces.length > length) {
            throw new BadInputException("label of image " + sample.id() + ": " + pieces.length + " tokens, but an"
                    + " image has only " + length + "; use shorter labels or a larger vocabulary");
        }
        int[] filled = Arrays.copyOf(pieces, length);
        Arrays.fill(filled, pieces.length, length, padding);
        return filled;
    }

    /**
     * Trains a tower.
     *
     * @param dataset folder with {@code captions/chat.json} and {@code captions/images}
     * @param tokenEmbeddings float32[V, D], the decoder's; frozen
     * @return a graph with the trained tower
     */
    static Llava train(Path dataset, LlamaTokenizer tokenizer, INDArray tokenEmbeddings, long seed, int steps) {
        return new TinyVisionTower(dataset, tokenizer).train(tokenEmbeddings, seed, steps);
    }

    private Llava train(INDArray tokenEmbeddings, long seed, int steps) {
        TinyInitializer fresh = new TinyInitializer(seed);
        Llava tower = Llava.buildTower(config, fresh);
        addLabelLoss(tower.graph(), fresh, tokenEmbeddings);
        String last = "encoder.layers." + (config.vision().layers() - 1) + ".";
        tower.setTrainable(name -> name.startsWith("words.")
                || (name.startsWith(Llava.TOWER_PREFIX) && !name.contains(last) && !name.contains("post_layernorm")));
        SeededPermutation order = new SeededPermutation(crops.size(), seed, 0);
        new TinyTrainingLoop("tower", LEARNING_RATE, steps).train(tower, step -> batch(order, step));
        return tower;
    }

    private void addLabelLoss(SameDiff graph, TinyInitializer fresh, INDArray tokenEmbeddings) {
        int width = config.decoder().hiddenSize();
        SDVariable weight = graph.constant(
                "words.weight",
                fresh.tensor("mm_projector.weight", width, config.vision().hiddenSize()));
        SDVariable bias = graph.constant("words.bias", Nd4j.zeros(DataType.FLOAT, width));
        SDVariable words = Linear.of("named_words", graph.getVariable(Llava.FEATURES), weight, bias);
        SDVariable ones = graph.constant("ones", Nd4j.ones(DataType.FLOAT, width));
        // Rows of norm sqrt(width): the scale of the embeddings makes each product a cosine times LOGIT_SCALE.
        SDVariable directions = RmsNorm.of("word_directions", words, ones, EPSILON);
        INDArray scaled =
                tokenEmbeddings.divColumnVector(tokenEmbeddings.norm2(1)).muli(LOGIT_SCALE / Math.sqrt(width));
        SDVariable logits = Linear.of("piece_logits", directions, graph.constant("token_directions", scaled));
        CrossEntropy.of("label_loss", logits, graph.placeHolder(LABEL_TOKENS, DataType.INT32, -1))
                .markAsLoss();
    }

    private Map<String, INDArray> batch(SeededPermutation order, int step) {
        int side = config.vision().imageSizePx();
        int channels = 3 * side * side;
        float[] pixels = new float[BATCH_SIZE * channels];
        int[] pieces = new int[BATCH_SIZE * config.numImageTokens()];
        for (int i = 0; i < BATCH_SIZE; i++) {
            int image = order.get((step * BATCH_SIZE + i) % order.size());
            System.arraycopy(processor.process(crops.get(image)), 0, pixels, i * channels, channels);
            System.arraycopy(labels.get(image), 0, pieces, i * config.numImageTokens(), config.numImageTokens());
        }
        return Map.of(
                Llava.PIXEL_VALUES,
                Nd4j.createFromArray(pixels).reshape(BATCH_SIZE, 3, side, side),
                LABEL_TOKENS,
                Nd4j.createFromArray(pieces));
    }
}
