package org.llava4j.train.tiny;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.llava4j.data.batch.BatchOptions;
import org.llava4j.data.batch.ImageSource;
import org.llava4j.data.batch.LlavaBatch;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.data.batch.SampleSource;
import org.llava4j.data.batch.SpliceOptions;
import org.llava4j.data.conversation.ConversationEncoder;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.conversation.ImageMarkup;
import org.llava4j.data.image.ClipImageProcessor;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.data.image.ImageFiles;
import org.llava4j.data.image.RgbImage;
import org.llava4j.data.records.ConversationRecordReader;
import org.llava4j.data.text.LlamaTokenizer;
import org.llava4j.model.Llava;
import org.llava4j.model.Placeholders;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.TensorSource;

/**
 * The tower learns from drawn pictures and what is written under them, in two parts. First it learns to see, by
 * writing labels through a small reader behind it. Then it learns to be understood, by writing captions through the
 * frozen decoder that has only read text. Both times every feature vector that LLaVA will select is on the path of the
 * loss, and both times what stands between tower and words is thrown away: stage 1 begins with a new projector.
 */
final class TinyTower {
    private static final int BATCH = 32;
    private static final double SEEING_RATE = 1.5e-3;
    private static final double CAPTION_RATE = 7e-4;

    private TinyTower() {}

    /**
     * The first part.
     *
     * @param world a folder with {@code captions/chat.json} and {@code captions/images}: labels
     * @return the trained model, whose tower is what is wanted
     */
    static Llava see(Path world, LlamaTokenizer tokenizer, long seed, int steps) {
        LlavaConfig config = TinySizes.towerAndReader();
        Llava model = Llava.build(config, new TinyWeights(seed), Llava.ImageInput.PIXELS);
        model.train(name -> !isUnused(name, config));
        return learn("tower", SEEING_RATE, model, config, world, tokenizer, seed, steps);
    }

    /**
     * The second part.
     *
     * @param world as in the first part, but captions
     * @param tower by name as in {@code decoder}'s LLaVA
     * @param decoder stays as it is
     */
    static Llava beUnderstood(
            Path world, LlamaTokenizer tokenizer, TensorSource tower, Llava decoder, long seed, int steps) {
        LlavaConfig config = TinySizes.whole();
        TinyWeights fresh = new TinyWeights(seed);
        TensorSource weights = (name, shape) -> {
            if (name.startsWith(Llava.TOWER_PREFIX)) {
                return tower.tensor(name, shape);
            }
            return name.startsWith(Checkpoint.PROJECTOR_PREFIX)
                    ? fresh.tensor(name, shape)
                    : decoder.weight(name).dup();
        };
        Llava model = Llava.build(config, weights, Llava.ImageInput.PIXELS);
        model.train(name -> name.startsWith(Checkpoint.PROJECTOR_PREFIX)
                || (name.startsWith(Llava.TOWER_PREFIX) && !isUnused(name, config)));
        return learn("captions", CAPTION_RATE, model, config, world, tokenizer, seed, steps);
    }

    private static boolean isUnused(String name, LlavaConfig config) {
        return name.contains("encoder.layers." + (config.vision().layers() - 1) + ".")
                || name.contains("post_layernorm");
    }

    private static Llava learn(
            String name,
            double rate,
            Llava model,
            LlavaConfig config,
            Path world,
            LlamaTokenizer tokenizer,
            long seed,
            int steps) {
        LlavaBatchIterator batches = batches(world, tokenizer, config, seed);
        new TinyRun(name, rate, steps).learn(model, step -> {
            if (!batches.hasNext()) {
                batches.reset();
            }
            LlavaBatch batch = batches.nextBatch();
            return Placeholders.pixels(batch.layout(), batch.pixelValues());
        });
        return model;
    }

    private static LlavaBatchIterator batches(Path world, LlamaTokenizer tokenizer, LlavaConfig config, long seed) {
        ConversationEncoder encoder =
                new ConversationEncoder(tokenizer, ConversationTemplates.named("plain"), ImageMarkup.V1);
        SpliceOptions splice =
                new SpliceOptions(config.imageVectors(), config.decoder().vocabSize(), config.maxLength());
        return new LlavaBatchIterator(
                SampleSource.of(
                        ConversationRecordReader.open(world.resolve("captions/chat.json")),
                        world.resolve("captions/images")),
                encoder,
                pixels(config.vision().imageSizePx()),
                new BatchOptions(BATCH, 1, seed, 0, config.vision().imageSizePx(), splice));
    }

    /** Decodes and resizes each picture once; as bytes tens of thousands fit in memory. */
    private static ImageSource pixels(int sidePx) {
        ClipImageProcessor processor = new ClipImageProcessor(ClipPreprocessing.clip(sidePx));
        Map<Path, RgbImage> crops = new HashMap<>();
        Function<Path, RgbImage> crop = image -> processor.crop(ImageFiles.read(image));
        return image -> processor.process(crops.computeIfAbsent(image, crop));
    }
}
