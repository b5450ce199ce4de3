package org.llava4j.model;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.SpliceOptions;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.text.LlamaTokenizer;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.features.FeatureSource;
import org.llava4j.model.features.TowerFeatures;
import org.llava4j.model.generate.GreedyGenerator;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.FrozenType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A model that answers: tokenizer, pictures and graph of a folder together. Features of the frozen tower come from a
 * {@link FeatureSource}; the language graph reads them. Used by one thread at a time.
 */
public final class LlavaModel {
    /** Lengths are rounded up to this, so that generation meets few shapes. */
    private static final int LENGTH_MULTIPLE = 16;

    private static final String IMAGE = LlamaTokenizer.IMAGE_TEXT;

    private final LlavaConfig config;
    private final LlamaTokenizer tokenizer;
    private final ChatFormat chat;
    private final FeatureSource features;
    private final Llava language;

    /**
     * A question about pictures.
     *
     * @param text with {@code <image>} once for each picture
     */
    public record Question(String text, List<Path> images) {
        /** @throws BadInputException if the text does not have one {@code <image>} for each picture */
        public Question {
            images = List.copyOf(images);
            int named = text.split(LlavaModel.IMAGE, -1).length - 1;
            if (!images.isEmpty() && named != images.size()) {
                throw new BadInputException("the question names " + named + " images and brings " + images.size()
                        + "; write " + LlavaModel.IMAGE + " once for each");
            }
        }
    }

    /**
     * @param language reads {@link Llava#IMAGE_FEATURES}
     * @param features of the tower that belongs to it
     */
    public LlavaModel(
            LlavaConfig config, LlamaTokenizer tokenizer, ChatFormat chat, FeatureSource features, Llava language) {
        this.config = config;
        this.tokenizer = tokenizer;
        this.chat = chat;
        this.features = features;
        this.language = language;
    }

    /**
     * Loads a LLaVA folder that says how it was taught to converse, as those written here do.
     *
     * @throws BadInputException if it does not, or anything in the folder is missing or does not fit
     */
    public static LlavaModel load(Path folder) {
        return load(folder, ChatFormat.of(folder));
    }

    /**
     * Loads a LLaVA folder.
     *
     * @param chat how it was taught to converse
     * @throws BadInputException if anything in the folder is missing or does not fit
     */
    public static LlavaModel load(Path folder, ChatFormat chat) {
        return load(folder, LlavaConfig.visionTowerOf(folder), chat);
    }

    /** The same with a tower from another folder than the one that the config names. */
    public static LlavaModel load(Path folder, Path visionTower, ChatFormat chat) {
        return load(folder, visionTower, chat, FrozenType.FP32);
    }

    /** The same with its matrices in a type of 16 bits, at half the memory. */
    public static LlavaModel load(Path folder, Path visionTower, ChatFormat chat, FrozenType type) {
        LlavaConfig config = LlavaConfig.read(folder, visionTower);
        return load(folder, visionTower, chat, type, TowerFeatures.load(folder, visionTower, config, type));
    }

    /** Loads a LLaVA folder whose features come from elsewhere, a cache for instance. */
    public static LlavaModel load(
            Path folder, Path visionTower, ChatFormat chat, FrozenType type, FeatureSource features) {
        LlavaConfig config = LlavaConfig.read(folder, visionTower);
        LlamaTokenizer tokenizer = LlamaTokenizer.load(folder);
        try (Checkpoint weights =
                Checkpoint.llava(folder, visionTower).withoutTower().withFrozenType(type, name -> false)) {
            Llava language = Llava.build(config, weights, Llava.ImageInput.FEATURES);
            return new LlavaModel(config, tokenizer, chat, features, language);
        }
    }

    /** One answer to one question about one picture. */
    public String answer(Path image, String question, int maxNewTokens) {
        String text = question.contains(IMAGE) ? question : IMAGE + "\n" + question;
        return answer(List.of(new Question(text, List.of(image))), maxNewTokens).get(0);
    }

    /**
     * Greedy answers to several questions at once; each equals the one it would get alone.
     *
     * @throws BadInputException if a picture cannot be read, or a question leaves no room for an answer
     */
    public List<String> answer(List<Question> questions, int maxNewTokens) {
        if (questions.isEmpty()) {
            return List.of();
        }
        List<int[]> prompts = new ArrayList<>();
        List<Path> images = new ArrayList<>();
        int[] imagesPerRow = new int[questions.size()];
        for (int i = 0; i < imagesPerRow.length; i++) {
            Question question = questions.get(i);
            String text = question.images().isEmpty()
                    ? question.text()
                    : chat.markup(config).apply(question.text());
            prompts.add(tokenizer
                    .encodePrompt(
                            chat.template().prompt(List.of(Turn.human(text))),
                            !question.images().isEmpty())
                    .ids());
            images.addAll(question.images());
            imagesPerRow[i] = question.images().size();
        }
        INDArray vectors = vectors(images);
        GreedyGenerator generator = new GreedyGenerator(language, spliceOptions(), tokenizer.endId());
        return generator
                .generate(
                        prompts,
                        imagesPerRow,
                        layout -> Placeholders.features(layout, vectors),
                        maxNewTokens,
                        stopped())
                .stream()
                .map(this::text)
                .toList();
    }

    private SpliceOptions spliceOptions() {
        return new SpliceOptions(
                config.imageVectors(),
                config.decoder().vocabSize(),
                config.maxLength(),
                SpliceOptions.Side.RIGHT,
                LENGTH_MULTIPLE,
                config.imageSlot());
    }

    private INDArray vectors(List<Path> images) {
        int perImage = config.imageVectors() * config.vision().hiddenSize();
        // Without any picture the graph still reads one, which goes nowhere.
        float[] all = new float[Math.max(1, images.size()) * perImage];
        List<float[]> each = images.isEmpty() ? List.of() : features.features(images);
        for (int i = 0; i < each.size(); i++) {
            System.arraycopy(each.get(i), 0, all, i * perImage, perImage);
        }
        return Nd4j.createFromArray(all).reshape(-1, config.vision().hiddenSize());
    }

    private Predicate<int[]> stopped() {
        String stop = chat.template().stop();
        return tokens -> tokenizer.decode(tokens).contains(stop);
    }

    private String text(int[] tokens) {
        String text = tokenizer.decode(tokens);
        int end = text.indexOf(chat.template().stop());
        return (end < 0 ? text : text.substring(0, end)).strip();
    }
}
