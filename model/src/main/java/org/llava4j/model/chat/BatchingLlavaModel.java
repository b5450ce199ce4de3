package org.llava4j.model.chat;

import java.lang.ref.Cleaner;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.conversation.ImageMarkup;
import org.llava4j.data.image.DecodeOptions;
import org.llava4j.data.image.ImageFiles;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.data.tokenizer.PromptText;
import org.llava4j.model.Llava;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.GenerationConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.VocabularyCheck;
import org.llava4j.model.features.FeatureSource;
import org.llava4j.model.features.RecentImageFeatures;
import org.llava4j.model.folder.MappedFiles;
import org.llava4j.model.folder.ModelChangedException;
import org.llava4j.model.folder.ModelSource;
import org.llava4j.model.generate.ContextLengthException;
import org.llava4j.model.generate.ContinuousBatchingScheduler;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.Generation;
import org.llava4j.model.generate.OutputTokens;
import org.llava4j.model.generate.Prompt;
import org.llava4j.model.memory.WeightMemory;
import org.llava4j.model.weights.WeightDtype;

/**
 * A model whose requests a {@link ContinuousBatchingScheduler} answers. A {@link FeatureSource} computes the features of the
 * frozen vision tower; the decoder graph reads them.
 */
final class BatchingLlavaModel implements LlavaModel {
    /** Prompt batches are padded to a multiple of this, which limits the number of distinct array shapes. */
    private static final int PAD_TO_MULTIPLE_OF = 16;

    /** Stops the schedulers of unreachable models. */
    private static final Cleaner CLEANER = Cleaner.create();

    private final LlavaConfig config;
    private final LlamaTokenizer tokenizer;
    private final ChatFormat chatFormat;
    private final WeightDtype weightDtype;
    private final @Nullable ModelSource source;
    private final MappedFiles mapped;
    private final WeightMemory weightMemory;
    private final RecentImageFeatures imageFeatures;
    private final ContinuousBatchingScheduler scheduler;

    /**
     * @param source null for a model in training
     * @param mapped files that must not be written in place while the model is in use
     */
    BatchingLlavaModel(
            LlavaConfig config,
            LlamaTokenizer tokenizer,
            ChatFormat chatFormat,
            WeightDtype weightDtype,
            @Nullable ModelSource source,
            MappedFiles mapped,
            FeatureSource features,
            Llava language,
            Set<Integer> eosIds) {
        this.config = config;
        this.tokenizer = tokenizer;
        this.chatFormat = chatFormat;
        this.weightDtype = weightDtype;
        this.source = source;
        this.mapped = mapped;
        weightMemory = language.weightMemory().plus(features.weightMemory());
        imageFeatures = new RecentImageFeatures(features);
        scheduler = newScheduler(
                config,
                imageFeatures,
                language,
                OutputTokens.of(tokenizer, config.decoder().vocabSize(), eosIds));
    }

    /**
     * Creates the scheduler. It must not reference this model, so that the cleaner can stop it when the model becomes
     * unreachable.
     */
    private static ContinuousBatchingScheduler newScheduler(
            LlavaConfig config, RecentImageFeatures imageFeatures, Llava language, OutputTokens output) {
        CollatorOptions options = new CollatorOptions(
                config.numImageTokens(),
                config.decoder().vocabSize(),
                config.maxLength(),
                CollatorOptions.PaddingSide.RIGHT,
                PAD_TO_MULTIPLE_OF,
                config.imageStartEndTokens());
        return new ContinuousBatchingScheduler(language, options, output, new FeatureCollator(config, imageFeatures));
    }

    /**
     * Loads a model and starts its thread.
     *
     * @param features loads the vision tower
     */
    static LlavaModel load(ModelSource source, ChatFormat chat, WeightDtype type, Supplier<FeatureSource> features) {
        LlavaConfig config = source.config();
        Path folder = source.folder();
        MappedFiles mapped = MappedFiles.of(source);
        LlamaTokenizer tokenizer = VocabularyCheck.load(folder, config.decoder().vocabSize());
        BatchingLlavaModel model = new BatchingLlavaModel(
                config,
                tokenizer,
                chat,
                type,
                source,
                mapped,
                features.get(),
                source.buildDecoder(type),
                GenerationConfig.eosIds(folder));
        model.setMaxCacheBytes(DEFAULT_MAX_CACHE_BYTES);
        CLEANER.register(model, model.scheduler.start()::close);
        return model;
    }

    @Override
    public PendingAnswer submit(GenerationRequest request, DecodingOptions decoding, Consumer<String> onText) {
        mapped.requireNotRewritten();
        ImageMarkup markup = request.images().isEmpty() ? null : chatFormat.markup(config);
        PromptText prompt =
                chatFormat.template().promptText(request.turns(), request.system(), markup, request.answerPrefix());
        requireEncodable(prompt.text());
        int[] ids = tokenizer
                .encodePrompt(request.specialTokensInText() ? prompt.withSpecialTokensInContent() : prompt)
                .ids();
        List<String> stops = new ArrayList<>(decoding.stops());
        if (decoding.schema() == null) {
            stops.add(chatFormat.template().stop());
        } else if (!request.answerPrefix().isEmpty()) {
            throw new BadInputException("an answer of a schema cannot continue a text; remove the answer prefix");
        }
        AnswerStreamer text = request.answerPrefix().isEmpty()
                ? new AnswerStreamer(tokenizer.streamingDecoder(), stops, onText)
                : AnswerStreamer.continuing(ids[ids.length - 1], tokenizer.streamingDecoder(), stops, onText);
        Generation generation = scheduler.submit(new Prompt(ids, request.images()), decoding, text);
        return new ScheduledAnswer(generation, text, mapped);
    }

    @Override
    public PendingAnswer submit(TextPrompt prompt, DecodingOptions decoding, Consumer<String> onText) {
        if (decoding.schema() != null) {
            throw new BadInputException("an answer of a schema cannot continue a text; ask with a GenerationRequest");
        }
        mapped.requireNotRewritten();
        requireEncodable(prompt.text());
        int[] ids = tokenizer.encodeText(prompt.text(), prompt.specialTokensInText());
        if (ids.length == 0) {
            throw new BadInputException("the prompt has no tokens; give it some text");
        }
        AnswerStreamer text =
                AnswerStreamer.verbatim(ids[ids.length - 1], tokenizer.streamingDecoder(), decoding.stops(), onText);
        return new ScheduledAnswer(scheduler.submit(new Prompt(ids, List.of()), decoding, text), text, mapped);
    }

    private void requireEncodable(String prompt) {
        ContextLengthException.requireEncodable(prompt, tokenizer.maxTokenBytes(), config.maxLength());
    }

    @Override
    public Answer await(PendingAnswer pending) {
        if (!(pending instanceof ScheduledAnswer own)) {
            throw new BadInputException("the answer was not submitted to this model; wait for it with its own model");
        }
        scheduler.await(own.generation());
        try {
            return pending.answer().join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof ModelChangedException changed) {
                throw changed;
            }
            throw e;
        }
    }

    @Override
    public ImageRef decodeImage(byte[] bytes, String name, long maxPixels, Runnable check) {
        DecodeOptions options = new DecodeOptions(maxPixels, imageFeatures.orientation(), check);
        return imageFeatures.toImageRef(ImageFiles.decode(bytes, name, options));
    }

    @Override
    public void setMaxBatchSize(int maxBatchSize) {
        scheduler.setMaxBatchSize(maxBatchSize);
    }

    @Override
    public void setMaxCacheBytes(long maxCacheBytes) {
        scheduler.setMaxCacheBytes(maxCacheBytes);
    }

    @Override
    public void setMaxPause(@Nullable Duration maxPause) {
        scheduler.setMaxPause(maxPause);
    }

    @Override
    public int waitingRequests() {
        return scheduler.waitingRequests();
    }

    @Override
    public byte[] tokenBytes(int id) {
        return tokenizer.tokenBytes(id);
    }

    @Override
    public int vocabularySize() {
        return Math.min(tokenizer.size(), config.decoder().vocabSize());
    }

    @Override
    public ChatFormat chatFormat() {
        return chatFormat;
    }

    @Override
    public WeightDtype weightDtype() {
        return weightDtype;
    }

    @Override
    public WeightMemory weightMemory() {
        return weightMemory;
    }

    @Override
    public @Nullable ModelSource source() {
        return source;
    }

    @Override
    public LlavaConfig config() {
        return config;
    }

    @Override
    public void close() {
        scheduler.close();
    }
}
