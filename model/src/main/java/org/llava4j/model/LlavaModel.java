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
import org.llava4j.model.features.RecentImageFeatures;
import org.llava4j.model.features.TowerFeatures;
import org.llava4j.model.generate.Answer;
import org.llava4j.model.generate.AnswerStreamer;
import org.llava4j.model.generate.Chat;
import org.llava4j.model.generate.ContinuousBatchingScheduler;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.Generation;
import org.llava4j.model.generate.GenerationRequest;
import org.llava4j.model.generate.OutputTokens;
import org.llava4j.model.generate.PendingAnswer;
import org.llava4j.model.generate.Prompt;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.WeightDtype;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A model that answers: tokenizer, pictures and graph of a folder together. Features of the frozen tower come from a
 * {@link FeatureSource}; the language graph reads them. A loaded model has a thread of its own, which answers any number
 * of threads side by side.
 */
public final class LlavaModel implements AutoCloseable {
    /** Lengths are rounded up to this, so that generation meets few shapes. */
    private static final int PAD_TO_MULTIPLE_OF = 16;

    /** Longest answer where nothing else is said. */
    public static final int DEFAULT_MAX_NEW_TOKENS = 512;

    /** Ends the generators of models that are no longer used. */
    private static final Cleaner CLEANER = Cleaner.create();

    private final LlavaConfig config;
    private final LlamaTokenizer tokenizer;
    private final ChatFormat chatFormat;
    private final RecentImageFeatures imageFeatures;
    private final ContinuousBatchingScheduler scheduler;

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
        this.chatFormat = chat;
        imageFeatures = new RecentImageFeatures(features);
        scheduler = newScheduler(
                config,
                imageFeatures,
                language,
                OutputTokens.of(tokenizer, config.decoder().vocabSize(), eosIds));
    }

    /** It must not hold the model: the model's end ends it. */
    private static ContinuousBatchingScheduler newScheduler(
            LlavaConfig config, RecentImageFeatures pictures, Llava language, OutputTokens output) {
        CollatorOptions options = new CollatorOptions(
                config.numImageTokens(),
                config.decoder().vocabSize(),
                config.maxLength(),
                CollatorOptions.PaddingSide.RIGHT,
                PAD_TO_MULTIPLE_OF,
                config.imageStartEndTokens());
        return new ContinuousBatchingScheduler(
                language,
                options,
                output,
                (layout, prompts) -> Placeholders.features(layout, batchFeatures(config, pictures, prompts)));
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
        return load(folder, LlavaConfig.visionTowerPath(folder), chat);
    }

    /** The same with a tower from another folder than the one that the config names. */
    public static LlavaModel load(Path folder, Path visionTower, ChatFormat chat) {
        return load(folder, visionTower, chat, WeightDtype.FP32);
    }

    /** The same with its matrices in a type of 16 bits, at half the memory. */
    public static LlavaModel load(Path folder, Path visionTower, ChatFormat chat, WeightDtype type) {
        LlavaConfig config = LlavaConfig.read(folder, visionTower);
        return load(folder, visionTower, chat, type, TowerFeatures.load(folder, visionTower, config, type));
    }

    /** Loads a LLaVA folder whose features come from elsewhere, a cache for instance. */
    public static LlavaModel load(
            Path folder, Path visionTower, ChatFormat chat, WeightDtype type, FeatureSource features) {
        LlavaConfig config = LlavaConfig.read(folder, visionTower);
        LlamaTokenizer tokenizer = VocabularyCheck.load(folder, config.decoder().vocabSize());
        try (Checkpoint weights =
                Checkpoint.llava(folder, visionTower).withoutTower().withWeightDtype(type, name -> false)) {
            Llava language = Llava.build(config, weights, Llava.ImageInput.FEATURES);
            LlavaModel model =
                    new LlavaModel(config, tokenizer, chat, features, language, GenerationConfig.eosIds(folder));
            CLEANER.register(model, model.scheduler.start()::close);
            return model;
        }
    }

    /** A greedy answer to one question about one picture, at most {@link #DEFAULT_MAX_NEW_TOKENS} long. */
    public String answer(Path image, String question) {
        return answer(image, question, DEFAULT_MAX_NEW_TOKENS);
    }

    /** A greedy answer to one question about one picture. */
    public String answer(Path image, String question, int maxNewTokens) {
        return answer(GenerationRequest.about(ImageRef.of(image), question), DecodingOptions.greedy(maxNewTokens))
                .text();
    }

    /**
     * Greedy answers to several questions at once; each equals the one it would get alone.
     *
     * @throws BadInputException if a picture cannot be read, or a question leaves no room for an answer
     */
    public List<String> answer(List<GenerationRequest> questions, int maxNewTokens) {
        DecodingOptions decoding = DecodingOptions.greedy(maxNewTokens);
        List<PendingAnswer> all =
                questions.stream().map(q -> submit(q, decoding, text -> {})).toList();
        return all.stream().map(this::await).map(Answer::text).toList();
    }

    /** Asks and waits. */
    public Answer answer(GenerationRequest question, DecodingOptions decoding) {
        return await(submit(question, decoding, text -> {}));
    }

    /** A conversation that begins. */
    public Chat chat(DecodingOptions decoding) {
        return new Chat(this, decoding);
    }

    /**
     * Asks without waiting. Special tokens written in messages are ordinary text unless the question says otherwise
     * ({@link GenerationRequest#withSpecialTokensInText}).
     *
     * @param onText hears the answer's text as it comes, never a part of a character, on the model's thread; what takes
     *     long there holds up every other answer
     * @throws BadInputException if the question leaves no room for an answer
     */
    public PendingAnswer submit(GenerationRequest question, DecodingOptions decoding, Consumer<String> onText) {
        Optional<ImageMarkup> markup =
                question.images().isEmpty() ? Optional.empty() : Optional.of(chatFormat.markup(config));
        PromptText prompt =
                chatFormat.template().promptText(question.turns(), question.system(), markup, question.answerPrefix());
        int[] ids = tokenizer
                .encodePrompt(question.specialTokensInText() ? prompt.withSpecialTokensInContent() : prompt)
                .ids();
        List<String> stops = new ArrayList<>(decoding.stops());
        stops.add(chatFormat.template().stop());
        AnswerStreamer text = new AnswerStreamer(tokenizer.streamingDecoder(), stops, onText);
        Generation generation = scheduler.submit(
                new Prompt(ids, question.images()), decoding.sampling(), decoding.maxNewTokens(), text);
        return new PendingAnswer(generation, text);
    }

    /**
     * Waits for an answer.
     *
     * @throws BadInputException if a picture cannot be read
     */
    public Answer await(PendingAnswer answering) {
        scheduler.await(answering.generation());
        return answering.answer().join();
    }

    /**
     * A picture to ask about, of a PNG's or JPEG's bytes; only what the model looks at is kept.
     *
     * @param name what an error calls it
     * @throws BadInputException if they are damaged, of another kind, or have too many pixels
     */
    public ImageRef decodeImage(byte[] bytes, String name, long maxPixels) {
        return imageFeatures.toImageRef(ImageFiles.decode(bytes, name, maxPixels));
    }

    /** Gives so many answers at once, at most: each takes memory for its keys and values. */
    public void setMaxBatchSize(int answers) {
        scheduler.setMaxBatchSize(answers);
    }

    /** How many questions wait for the first token of their answer. */
    public int waitingRequests() {
        return scheduler.waitingRequests();
    }

    /** How it was taught to converse. */
    public ChatFormat chatFormat() {
        return chatFormat;
    }

    /** What its folder says. */
    public LlavaConfig config() {
        return config;
    }

    /** Ends the model's thread; answers under way end exceptionally. */
    @Override
    public void close() {
        scheduler.close();
    }

    private static INDArray batchFeatures(LlavaConfig config, RecentImageFeatures pictures, List<Prompt> prompts) {
        List<ImageRef> images =
                prompts.stream().flatMap(prompt -> prompt.images().stream()).toList();
        int perImage = config.numImageTokens() * config.vision().hiddenSize();
        // Without any picture the graph still reads one, which goes nowhere.
        float[] all = new float[Math.max(1, images.size()) * perImage];
        List<float[]> each = images.isEmpty() ? List.of() : pictures.features(images);
        for (int i = 0; i < each.size(); i++) {
            System.arraycopy(each.get(i), 0, all, i * perImage, perImage);
        }
        return Nd4j.createFromArray(all).reshape(-1, config.vision().hiddenSize());
    }
}
