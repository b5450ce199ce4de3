package org.llava4j.model;

import java.lang.ref.Cleaner;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.conversation.ImageMarkup;
import org.llava4j.data.image.ImageFiles;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.data.tokenizer.PromptText;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.GenerationConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.VocabularyCheck;
import org.llava4j.model.features.FeatureSource;
import org.llava4j.model.features.PictureFeatures;
import org.llava4j.model.features.TowerFeatures;
import org.llava4j.model.generate.Answer;
import org.llava4j.model.generate.AnswerText;
import org.llava4j.model.generate.Answering;
import org.llava4j.model.generate.Chat;
import org.llava4j.model.generate.Decoding;
import org.llava4j.model.generate.Generation;
import org.llava4j.model.generate.Generator;
import org.llava4j.model.generate.OutputTokens;
import org.llava4j.model.generate.Prompt;
import org.llava4j.model.generate.Question;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.FrozenType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A model that answers: tokenizer, pictures and graph of a folder together. Features of the frozen tower come from a
 * {@link FeatureSource}; the language graph reads them. A loaded model has a thread of its own, which answers any number
 * of threads side by side.
 */
public final class LlavaModel implements AutoCloseable {
    /** Lengths are rounded up to this, so that generation meets few shapes. */
    private static final int LENGTH_MULTIPLE = 16;

    /** Longest answer where nothing else is said. */
    public static final int ANSWER_TOKENS = 512;

    /** Ends the generators of models that are no longer used. */
    private static final Cleaner CLEANER = Cleaner.create();

    private final LlavaConfig config;
    private final LlamaTokenizer tokenizer;
    private final ChatFormat chat;
    private final PictureFeatures pictures;
    private final Generator generator;

    /**
     * A model that works on the threads that ask, one of them at a time, as a stage of training needs it.
     *
     * @param language reads {@link Llava#IMAGE_FEATURES}
     * @param features of the tower that belongs to it
     * @param eosIds ids that end an answer beside the tokenizer's own end token ({@link GenerationConfig})
     */
    public LlavaModel(
            LlavaConfig config,
            LlamaTokenizer tokenizer,
            ChatFormat chat,
            FeatureSource features,
            Llava language,
            Set<Integer> eosIds) {
        this.config = config;
        this.tokenizer = tokenizer;
        this.chat = chat;
        pictures = new PictureFeatures(features);
        generator = generator(
                config,
                pictures,
                language,
                OutputTokens.of(tokenizer, config.decoder().vocabSize(), eosIds));
    }

    /** It must not hold the model: the model's end ends it. */
    private static Generator generator(
            LlavaConfig config, PictureFeatures pictures, Llava language, OutputTokens output) {
        CollatorOptions options = new CollatorOptions(
                config.imageVectors(),
                config.decoder().vocabSize(),
                config.maxLength(),
                CollatorOptions.PaddingSide.RIGHT,
                LENGTH_MULTIPLE,
                config.imageSlot());
        return new Generator(
                language,
                options,
                output,
                (layout, prompts) -> Placeholders.features(layout, vectors(config, pictures, prompts)));
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
        LlamaTokenizer tokenizer = VocabularyCheck.load(folder, config.decoder().vocabSize());
        try (Checkpoint weights =
                Checkpoint.llava(folder, visionTower).withoutTower().withFrozenType(type, name -> false)) {
            Llava language = Llava.build(config, weights, Llava.ImageInput.FEATURES);
            LlavaModel model =
                    new LlavaModel(config, tokenizer, chat, features, language, GenerationConfig.eosIds(folder));
            CLEANER.register(model, model.generator.start()::close);
            return model;
        }
    }

    /** A greedy answer to one question about one picture, at most {@link #ANSWER_TOKENS} long. */
    public String answer(Path image, String question) {
        return answer(image, question, ANSWER_TOKENS);
    }

    /** A greedy answer to one question about one picture. */
    public String answer(Path image, String question, int maxNewTokens) {
        return answer(Question.about(ImageRef.of(image), question), Decoding.greedy(maxNewTokens))
                .text();
    }

    /**
     * Greedy answers to several questions at once; each equals the one it would get alone.
     *
     * @throws BadInputException if a picture cannot be read, or a question leaves no room for an answer
     */
    public List<String> answer(List<Question> questions, int maxNewTokens) {
        Decoding decoding = Decoding.greedy(maxNewTokens);
        List<Answering> all =
                questions.stream().map(q -> ask(q, decoding, text -> {})).toList();
        return all.stream().map(this::await).map(Answer::text).toList();
    }

    /** Asks and waits. */
    public Answer answer(Question question, Decoding decoding) {
        return await(ask(question, decoding, text -> {}));
    }

    /** A conversation that begins. */
    public Chat chat(Decoding decoding) {
        return new Chat(this, decoding);
    }

    /**
     * Asks without waiting. Special tokens written in messages are ordinary text unless the question says otherwise
     * ({@link Question#withSpecialTokensInText}).
     *
     * @param onText hears the answer's text as it comes, never a part of a character, on the model's thread; what takes
     *     long there holds up every other answer
     * @throws BadInputException if the question leaves no room for an answer
     */
    public Answering ask(Question question, Decoding decoding, Consumer<String> onText) {
        Optional<ImageMarkup> markup =
                question.images().isEmpty() ? Optional.empty() : Optional.of(chat.markup(config));
        PromptText prompt = chat.template().promptText(question.turns(), question.system(), markup, question.begun());
        int[] ids = tokenizer
                .encodePrompt(question.specialTokensInText() ? prompt.withSpecialTokensInContent() : prompt)
                .ids();
        List<String> stops = new ArrayList<>(decoding.stops());
        stops.add(chat.template().stop());
        AnswerText text = new AnswerText(tokenizer.streamingDecoder(), stops, onText);
        Generation generation = generator.submit(
                new Prompt(ids, question.images()), decoding.sampling(), decoding.maxNewTokens(), text);
        return new Answering(generation, text);
    }

    /**
     * Waits for an answer.
     *
     * @throws BadInputException if a picture cannot be read
     */
    public Answer await(Answering answering) {
        generator.await(answering.generation());
        return answering.answer().join();
    }

    /**
     * A picture to ask about, of a PNG's or JPEG's bytes; only what the model looks at is kept.
     *
     * @param name what an error calls it
     * @throws BadInputException if they are damaged, of another kind, or have too many pixels
     */
    public ImageRef picture(byte[] bytes, String name, long maxPixels) {
        return pictures.picture(ImageFiles.decode(bytes, name, maxPixels));
    }

    /** Gives so many answers at once, at most: each takes memory for its keys and values. */
    public void atOnce(int answers) {
        generator.atOnce(answers);
    }

    /** How many questions wait for the first token of their answer. */
    public int waiting() {
        return generator.waiting();
    }

    /** How it was taught to converse. */
    public ChatFormat chatFormat() {
        return chat;
    }

    /** What its folder says. */
    public LlavaConfig config() {
        return config;
    }

    /** Ends the model's thread; answers under way end exceptionally. */
    @Override
    public void close() {
        generator.close();
    }

    private static INDArray vectors(LlavaConfig config, PictureFeatures pictures, List<Prompt> prompts) {
        List<ImageRef> images =
                prompts.stream().flatMap(prompt -> prompt.images().stream()).toList();
        int perImage = config.imageVectors() * config.vision().hiddenSize();
        // Without any picture the graph still reads one, which goes nowhere.
        float[] all = new float[Math.max(1, images.size()) * perImage];
        List<float[]> each = images.isEmpty() ? List.of() : pictures.of(images);
        for (int i = 0; i < each.size(); i++) {
            System.arraycopy(each.get(i), 0, all, i * perImage, perImage);
        }
        return Nd4j.createFromArray(all).reshape(-1, config.vision().hiddenSize());
    }
}
