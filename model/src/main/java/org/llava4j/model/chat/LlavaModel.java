package org.llava4j.model.chat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.DecodeOptions;
import org.llava4j.data.image.ExifOrientation;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.Llava;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.GenerationConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.features.FeatureSource;
import org.llava4j.model.features.TowerFeatures;
import org.llava4j.model.folder.MappedFiles;
import org.llava4j.model.folder.ModelSource;
import org.llava4j.model.generate.ContextLengthException;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.memory.WeightMemory;
import org.llava4j.model.schema.TypedSchema;
import org.llava4j.model.weights.WeightDtype;

/**
 * A LLaVA model for inference: tokenizer, image features and decoder graph of a model folder. A {@link FeatureSource}
 * computes the features of the frozen vision tower; the graph reads them. A loaded model schedules requests on its own
 * thread with continuous batching, so any thread may call it.
 *
 * <p>It is an interface so that dependency injection can wrap it in a lazy or scoped proxy, and tests can replace it. Models
 * come from {@link #load(Path)} and the methods of the same name.
 */
public interface LlavaModel extends AutoCloseable {
    /** Default maximum number of new tokens. */
    int DEFAULT_MAX_NEW_TOKENS = 512;

    /** Default of {@link #setMaxCacheBytes}: 1 GiB. */
    long DEFAULT_MAX_CACHE_BYTES = 1L << 30;

    /**
     * A model without its own thread: generation runs on the calling threads, one at a time. Used during training.
     *
     * @param language decoder graph, which reads {@link Llava#IMAGE_FEATURES}
     * @param features features of the model's vision tower
     * @param eosIds end tokens in addition to the tokenizer's own ({@link GenerationConfig})
     */
    static LlavaModel of(
            LlavaConfig config,
            LlamaTokenizer tokenizer,
            ChatFormat chatFormat,
            FeatureSource features,
            Llava language,
            Set<Integer> eosIds) {
        return new BatchingLlavaModel(
                config, tokenizer, chatFormat, WeightDtype.FP32, null, MappedFiles.NONE, features, language, eosIds);
    }

    /**
     * Loads a LLaVA folder whose {@code config.json} names its chat format, as folders written by LLaVA4J do.
     * Images are turned upright by their EXIF orientation.
     *
     * @throws BadInputException if the config has no chat format, or a file is missing or inconsistent
     */
    static LlavaModel load(Path folder) {
        return load(folder, ChatFormat.of(folder));
    }

    /**
     * Loads a LLaVA folder: in float32, or as stored if it is quantized. Matrices that the folder stores in this dtype are
     * mapped, here and in the other methods ({@link ModelSource#withMmap}).
     *
     * @param chat chat format that the model was trained with
     * @throws BadInputException if a file is missing or inconsistent
     */
    static LlavaModel load(Path folder, ChatFormat chat) {
        return load(folder, LlavaConfig.visionTowerPath(folder), chat);
    }

    /**
     * Loads a model with a vision tower that its config does not name: the GGUF file of a decoder with the one of its tower and
     * projector ({@code mmproj}), or a LLaVA folder that names its chat format with a CLIP folder.
     */
    static LlavaModel load(Path folder, Path visionTower) {
        return load(folder, visionTower, ChatFormat.of(folder));
    }

    /** Loads a LLaVA folder with a vision tower from another folder than the one that the config names. */
    static LlavaModel load(Path folder, Path visionTower, ChatFormat chat) {
        ModelSource source = source(folder, visionTower);
        return load(source, chat, source.storedDtype());
    }

    /**
     * Loads a LLaVA folder with its matrices in low precision. Images are turned upright by their EXIF orientation.
     *
     * @param type dtype of the matrices
     */
    static LlavaModel load(Path folder, Path visionTower, ChatFormat chat, WeightDtype type) {
        return load(source(folder, visionTower), chat, type);
    }

    /** Loads a LLaVA folder with another feature source, such as a cache. */
    static LlavaModel load(Path folder, Path visionTower, ChatFormat chat, WeightDtype type, FeatureSource features) {
        return load(source(folder, visionTower), chat, type, features);
    }

    private static ModelSource source(Path folder, Path visionTower) {
        return new ModelSource(folder, visionTower, null, LlavaConfig.read(folder, visionTower));
    }

    /**
     * Loads a model that may have a LoRA adapter, which stays unmerged: A and B are float32 weights of the graph beside the
     * base's weights in any dtype. Images are turned upright by their EXIF orientation.
     *
     * @param type dtype of the matrices
     * @throws BadInputException if a file is missing or inconsistent, or the adapter was trained on another model
     */
    static LlavaModel load(ModelSource source, ChatFormat chat, WeightDtype type) {
        return BatchingLlavaModel.load(
                source, chat, type, () -> TowerFeatures.load(source, type).withOrientation(ExifOrientation.APPLY));
    }

    /** As {@link #load(ModelSource, ChatFormat, WeightDtype)}, with another feature source, such as a cache. */
    static LlavaModel load(ModelSource source, ChatFormat chat, WeightDtype type, FeatureSource features) {
        return BatchingLlavaModel.load(source, chat, type, () -> features);
    }

    /** Answers a question about an image greedily, with at most {@link #DEFAULT_MAX_NEW_TOKENS} tokens. */
    default String answer(Path image, String question) {
        return answer(image, question, DEFAULT_MAX_NEW_TOKENS);
    }

    /** Answers a question about an image greedily. */
    default String answer(Path image, String question, int maxNewTokens) {
        return answer(GenerationRequest.about(ImageRef.of(image), question), DecodingOptions.greedy(maxNewTokens))
                .text();
    }

    /**
     * Answers requests greedily in batches. Answers do not depend on batch composition except for floating-point
     * rounding.
     *
     * @throws BadInputException if an image cannot be read, or a prompt leaves no room for an answer
     */
    default List<String> answer(List<GenerationRequest> requests, int maxNewTokens) {
        DecodingOptions decoding = DecodingOptions.greedy(maxNewTokens);
        List<PendingAnswer> all =
                requests.stream().map(q -> submit(q, decoding, text -> {})).toList();
        return all.stream().map(this::await).map(Answer::text).toList();
    }

    /** Answers a request; waits for the answer. */
    default Answer answer(GenerationRequest request, DecodingOptions decoding) {
        return await(submit(request, decoding, text -> {}));
    }

    /** Continues a text; waits for the continuation. */
    default Answer answer(TextPrompt prompt, DecodingOptions decoding) {
        return await(submit(prompt, decoding, text -> {}));
    }

    /**
     * Answers a request with a value of a Java type; waits for the answer. The answer is constrained to the type's schema
     * ({@link TypedSchema}). The prompt does not contain the schema, so the question should ask for its content.
     *
     * @throws BadInputException if the type is not supported, or no answer of {@code decoding.maxNewTokens()} tokens fits it
     */
    default <T> T answer(GenerationRequest request, DecodingOptions decoding, Class<T> type) {
        TypedSchema<T> typed = TypedSchema.of(type);
        return typed.read(answer(request, decoding.withSchema(typed.schema())).text());
    }

    /** Starts a conversation. */
    default Chat chat(DecodingOptions decoding) {
        return new Chat(this, decoding);
    }

    /**
     * Submits a generation request without waiting. Special tokens in messages are ordinary text unless the request
     * says otherwise ({@link GenerationRequest#withSpecialTokensInText}).
     *
     * @param onText receives each part of the answer's text as it is generated, in whole characters, on the model's
     *     thread; while it runs, all other answers are blocked
     * @throws ContextLengthException if the prompt leaves no room for an answer
     * @throws BadInputException if no answer fits the schema of {@code decoding}, or it has one beside an answer prefix
     * @throws org.llava4j.model.folder.ModelChangedException if a file of mapped weights was written in place since the
     *     model was loaded; the answer fails with it, too
     */
    PendingAnswer submit(GenerationRequest request, DecodingOptions decoding, Consumer<String> onText);

    /**
     * Submits a text to continue, without chat template. The continuation keeps its whitespace; it ends at an end token, at a
     * stop text of the options, or at the maximum number of tokens.
     *
     * @param onText see {@link #submit(GenerationRequest, DecodingOptions, Consumer)}
     * @throws ContextLengthException if the text leaves no room for a continuation
     * @throws BadInputException if the text has no token, or {@code decoding} has a schema
     */
    PendingAnswer submit(TextPrompt prompt, DecodingOptions decoding, Consumer<String> onText);

    /**
     * Waits for an answer that was submitted to this model.
     *
     * @throws BadInputException if an image cannot be read, or the answer comes from another kind of model
     */
    Answer await(PendingAnswer pending);

    /**
     * Decodes an image for a request and keeps only the region that the model reads. The EXIF orientation is treated as
     * in image files.
     *
     * @param name name in error messages
     * @param check runs often while the image is decoded; see {@link DecodeOptions}
     * @throws BadInputException if the image is damaged, of an unsupported format, or has more than {@code maxPixels}
     *     pixels
     */
    ImageRef decodeImage(byte[] bytes, String name, long maxPixels, Runnable check);

    /** Sets the maximum number of answers generated in one batch. Each allocates a KV cache. */
    void setMaxBatchSize(int maxBatchSize);

    /**
     * Sets the maximum memory, in bytes, of the prefix cache: the keys and values of finished answers. A prompt that begins with the tokens
     * and images of an earlier prompt and its answer, such as the next question of a conversation, computes only the rest
     * ({@link Answer#cachedTokens}). Its answer is the same except for floating-point rounding. 0 caches nothing; so does
     * a model in training, whose weights change.
     */
    void setMaxCacheBytes(long maxCacheBytes);

    /**
     * Sets the maximum time from one token of an answer to its next while prompts of other requests are prefilled: a
     * long prompt is then prefilled in chunks between the tokens of other answers. A chunk has at least 16 tokens; if
     * these and the next token of all running answers take longer than the limit, so do the pauses. Answers are the same
     * except for floating-point rounding.
     *
     * @param maxPause more than zero; null, the default, for no limit
     * @throws BadInputException if it is zero or negative
     */
    void setMaxPause(@Nullable Duration maxPause);

    /** Number of requests whose prefill has not begun or is not complete. */
    int waitingRequests();

    /** The UTF-8 bytes that a token id stands for inside a text ({@link LlamaTokenizer#tokenBytes}). */
    byte[] tokenBytes(int id);

    /** Number of token ids that the model may generate. */
    int vocabularySize();

    /** The chat format. */
    ChatFormat chatFormat();

    /** The storage type of the weight matrices. */
    WeightDtype weightDtype();

    /** How much of the weights is mapped, and how much was read, when the model was loaded. */
    WeightMemory weightMemory();

    /** What the model was loaded from; null for a model in training. */
    @Nullable
    ModelSource source();

    /** The model's configuration. */
    LlavaConfig config();

    /** Stops the model's thread. Pending answers complete exceptionally. */
    @Override
    void close();
}
