package org.llava4j.train.tiny;

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
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The tower learns from drawn pictures and the label written under each. Its n-th feature vector has to name the n-th
 * piece of the label: one linear layer, the same for all vectors, must bring it near that piece's word vector in the
 * decoder, as CLIP's contrast brings a picture near its caption. The layer is thrown away; stage 1 has to find another.
 */
final class TinyVisionTower {
    private static final int BATCH_SIZE = 32;
    private static final double LEARNING_RATE = 1.5e-3;
    private static final String PIECES = "label_pieces";

    private final LlavaConfig config = TinyModelConfig.whole();
    private final List<RgbImage> crops = new ArrayList<>();
    private final List<int[]> labels = new ArrayList<>();
    private final ClipImageProcessor processor =
            new ClipImageProcessor(ClipPreprocessing.clip(config.vision().imageSizePx()));

    /** Decodes each picture once; as bytes tens of thousands fit in memory. */
    private TinyVisionTower(Path world, LlamaTokenizer tokenizer) {
        Path images = world.resolve("captions/images");
        int filling = tokenizer.pieceId(".");
        try (ConversationRecordReader reader = ConversationRecordReader.open(world.resolve("captions/chat.json"))) {
            for (int i = 0; i < reader.size(); i++) {
                Conversation sample = reader.get(i);
                crops.add(processor.crop(
                        ImageFiles.read(images.resolve(sample.images().get(0)))));
                labels.add(padded(
                        tokenizer.encode(sample.turns().get(1).value()), filling, config.numImageTokens(), sample));
            }
        }
    }

    private static int[] padded(int[] pieces, int filling, int length, Conversation sample) {
        if (pieces.length > length) {
            throw new BadInputException("label of picture " + sample.id() + ": " + pieces.length + " pieces, but an"
                    + " image has " + length + " vectors; give shorter labels or a larger vocabulary");
        }
        int[] filled = Arrays.copyOf(pieces, length);
        Arrays.fill(filled, pieces.length, length, filling);
        return filled;
    }

    /**
     * Trains a tower.
     *
     * @param world a folder with {@code captions/chat.json} and {@code captions/images}: labels
     * @param wordVectors float32[V, D], the decoder's; they stay as they are
     * @return the tower
     */
    static Llava train(Path world, LlamaTokenizer tokenizer, INDArray wordVectors, long seed, int steps) {
        return new TinyVisionTower(world, tokenizer).train(wordVectors, seed, steps);
    }

    private Llava train(INDArray wordVectors, long seed, int steps) {
        TinyInitializer fresh = new TinyInitializer(seed);
        Llava tower = Llava.buildTower(config, fresh);
        addLabelLoss(tower.graph(), fresh, wordVectors);
        String last = "encoder.layers." + (config.vision().layers() - 1) + ".";
        tower.setTrainable(name -> name.startsWith("words.")
                || (name.startsWith(Llava.TOWER_PREFIX) && !name.contains(last) && !name.contains("post_layernorm")));
        SeededPermutation order = new SeededPermutation(crops.size(), seed, 0);
        new TinyTrainingLoop("tower", LEARNING_RATE, steps).train(tower, step -> batch(order, step));
        return tower;
    }

    private void addLabelLoss(SameDiff graph, TinyInitializer fresh, INDArray wordVectors) {
        int width = config.decoder().hiddenSize();
        SDVariable weight = graph.constant(
                "words.weight",
                fresh.tensor("mm_projector.weight", width, config.vision().hiddenSize()));
        SDVariable bias = graph.constant("words.bias", Nd4j.zeros(DataType.FLOAT, width));
        SDVariable words = Linear.of("named_words", graph.getVariable(Llava.FEATURES), weight, bias);
        SDVariable logits = Linear.of("piece_logits", words, graph.constant("word_vectors", wordVectors));
        CrossEntropy.of("label_loss", logits, graph.placeHolder(PIECES, DataType.INT32, -1))
                .markAsLoss();
    }

    private Map<String, INDArray> batch(SeededPermutation order, int step) {
        int side = config.vision().imageSizePx();
        int channels = 3 * side * side;
        float[] pixels = new float[BATCH_SIZE * channels];
        int[] pieces = new int[BATCH_SIZE * config.numImageTokens()];
        for (int i = 0; i < BATCH_SIZE; i++) {
            int picture = order.get((step * BATCH_SIZE + i) % order.size());
            System.arraycopy(processor.process(crops.get(picture)), 0, pixels, i * channels, channels);
            System.arraycopy(labels.get(picture), 0, pieces, i * config.numImageTokens(), config.numImageTokens());
        }
        return Map.of(
                Llava.PIXEL_VALUES,
                Nd4j.createFromArray(pixels).reshape(BATCH_SIZE, 3, side, side),
                PIECES,
                Nd4j.createFromArray(pieces));
    }
}
