package org.llava4j.server;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.chat.PendingAnswer;
import org.llava4j.model.chat.TextPrompt;
import org.llava4j.model.generate.DecodingOptions;

/**
 * A parsed {@code POST /v1/completions} request: texts that the model continues, without chat template.
 *
 * @param choicesPerPrompt number of answers to each prompt ({@code n})
 * @param stream whether to stream the answers as server-sent events
 * @param streamUsage whether the last event holds the token counts
 */
record TextCompletionRequest(
        List<TextPrompt> prompts, DecodingOptions decoding, int choicesPerPrompt, boolean stream, boolean streamUsage)
        implements AnswerRequest {
    /** OpenAI's default of {@code max_tokens}. */
    private static final int DEFAULT_MAX_TOKENS = 16;

    private static final int MAX_LOGPROBS = 5;
    private static final Set<String> KNOWN_FIELDS = DecodingFields.with(
            "model",
            "prompt",
            "max_tokens",
            "stream",
            "stream_options",
            "n",
            "logprobs",
            "echo",
            "best_of",
            "suffix",
            // Accepted and ignored.
            "user");

    /**
     * Parses a request.
     *
     * @throws ApiException if the request is invalid
     */
    static TextCompletionRequest of(
            RequestFields fields, ServerOptions options, int vocabularySize, ImageSource images) {
        fields.requireKnown(KNOWN_FIELDS);
        options.requireModel(fields.text("model"));
        JsonNodeFactory json = JsonNodeFactory.instance;
        fields.requireDefault("echo", json.booleanNode(false));
        fields.requireDefault("best_of", json.numberNode(1));
        fields.requireDefault("suffix", json.textNode(""));
        int logprobs = fields.integer("logprobs", 0, MAX_LOGPROBS, 0);
        DecodingOptions decoding = DecodingFields.of(
                fields,
                options,
                vocabularySize,
                "max_tokens",
                DEFAULT_MAX_TOKENS,
                fields.isAbsent("logprobs") ? DecodingOptions.NO_LOGPROBS : logprobs);
        int choices = fields.integer("n", 1, options.maxConcurrentRequests(), 1);
        List<String> texts = fields.strings("prompt");
        if (texts.isEmpty()) {
            throw ApiException.badRequest("prompt", "'prompt' must be a string or an array of strings, at least one");
        }
        if ((long) texts.size() * choices > options.maxConcurrentRequests()) {
            throw ApiException.badRequest(
                    "prompt",
                    "'prompt' has " + texts.size() + " strings for " + choices + " choices each; this server runs "
                            + options.maxConcurrentRequests() + " at a time, so send fewer");
        }
        List<TextPrompt> prompts = texts.stream()
                .map(text -> new TextPrompt(text, options.specialTokensInText()))
                .toList();
        return new TextCompletionRequest(prompts, decoding, choices, fields.isTrue("stream"), fields.includesUsage());
    }

    @Override
    public int choices() {
        return prompts.size() * choicesPerPrompt;
    }

    /** The prompt of a choice: choices of one prompt follow each other. */
    TextPrompt prompt(int choice) {
        return prompts.get(choice / choicesPerPrompt);
    }

    @Override
    public PendingAnswer submit(LlavaModel model, int choice, Consumer<String> onText) {
        return model.submit(prompt(choice), DecodingFields.ofChoice(decoding, choice % choicesPerPrompt), onText);
    }

    @Override
    public AnswerWriter writer(Exchange exchange, ServerOptions options, LlavaModel model) {
        return new TextCompletionWriter(exchange, options, model, this);
    }
}
