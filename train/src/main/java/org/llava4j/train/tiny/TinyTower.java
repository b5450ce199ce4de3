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

/**
 * The tower learns to see by writing the label of a drawn picture through a small reader behind it: every feature
 * vector that LLaVA will select is on the path of that loss.
 */
final class TinyTower {
    private static final int BATCH = 32;
    private static final double RATE = 1.5e-3;

    private TinyTower() {}

    /**
     * @param world a folder with {@code captions/chat.json} and {@code captions/images}
     * @return the trained model, whose tower is what is wanted
     */
    static Llava train(Path world, LlamaTokenizer tokenizer, long seed, int steps) {
        LlavaConfig config = TinySizes.towerAndReader();
        Llava model = Llava.build(config, new TinyWeights(seed), Llava.ImageInput.PIXELS);
        String unused = "encoder.layers." + (config.vision().layers() - 1) + ".";
        model.train(name -> !name.contains(unused) && !name.contains("post_layernorm"));
        LlavaBatchIterator batches = batches(world, tokenizer, config, seed);
        TinyRun run = new TinyRun("tower", RATE, steps);
        run.learn(model, step -> {
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
