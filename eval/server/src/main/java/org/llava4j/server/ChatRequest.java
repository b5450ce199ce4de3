package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.chat.GenerationRequest;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.SamplingOptions;
import org.llava4j.model.generate.SamplingOptions.Penalties;
import org.llava4j.model.schema.JsonSchema;

/**
 * A parsed {@code POST /v1/chat/completions} request. Accepts {@code top_k}, {@code min_p} and
 * {@code repetition_penalty} in addition to OpenAI's fields, as other servers of open models do. Without a temperature,
 * decoding is greedy.
 *
 * @param choices number of answers ({@code n})
 * @param stream whether to stream the answer as server-sent events
 * @param streamUsage whether the last event holds the token counts
 */
record ChatRequest(
        GenerationRequest question, DecodingOptions decoding, int choices, boolean stream, boolean streamUsage) {
    private static final int MAX_STOP_SEQUENCES = 4;
    private static final int MAX_TOP_LOGPROBS = 20;
    private static final int MAX_LOGIT_BIASES = 1024;
    private static final Set<String> KNOWN_FIELDS = Set.of(
            "model",
            "messages",
            "temperature",
            "top_p",
            "top_k",
            "min_p",
            "repetition_penalty",
            "seed",
            "max_tokens",
            "max_completion_tokens",
            "stop",
            "stream",
            "stream_options",
            "n",
            "frequency_penalty",
            "presence_penalty",
            "logit_bias",
            "logprobs",
            "top_logprobs",
            "response_format",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "modalities",
            // Accepted and ignored.
            "user",
            "safety_identifier",
            "prompt_cache_key",
            "metadata",
            "store",
            "service_tier");

    /** Loads the image behind a URL of a message. */
    @FunctionalInterface
    interface ImageSource {
        /**
         * Loads an image.
         *
         * @param parameter path of the field, for messages
         * @throws ApiException 400 if there is no valid image
         */
        ImageRef load(String url, String parameter);
    }

    /**
     * Parses a request.
     *
     * @throws ApiException if the request is invalid
     */
    static ChatRequest of(JsonNode body, ServerOptions options, int vocabularySize, ImageSource images) {
        if (!body.isObject()) {
            throw ApiException.badRequest(null, "the body must be a JSON object");
        }
        RequestFields fields = new RequestFields(body, "");
        fields.requireKnown(KNOWN_FIELDS);
        options.requireModel(fields.text("model"));
        rejectUnsupported(fields);
        DecodingOptions decoding = withSchema(decoding(fields, options, vocabularySize), fields);
        long choices = integer(fields, "n", 1, options.maxConcurrentRequests(), 1);
        boolean stream = fields.isTrue("stream");
        JsonNode streamOptions = body.get("stream_options");
        boolean usage = streamOptions != null
                && !streamOptions.isNull()
                && fields.child("stream_options").isTrue("include_usage");
        GenerationRequest question = new Messages(options, images).question(fields);
        if (decoding.schema() != null && !question.answerPrefix().isEmpty()) {
            throw ApiException.badRequest(
                    "messages",
                    "the last of 'messages' has the role assistant, which 'response_format' cannot continue; remove it");
        }
        return new ChatRequest(question, decoding, (int) choices, stream, usage);
    }

    private static DecodingOptions withSchema(DecodingOptions decoding, RequestFields fields) {
        JsonSchema schema = fields.object().hasNonNull("response_format")
                ? ResponseFormat.schema(fields.child("response_format"), format -> format.child("json_schema"))
                : null;
        if (schema != null && !decoding.stops().isEmpty()) {
            throw ApiException.badRequest(
                    "stop", "'stop' would cut the JSON of 'response_format', whose end ends the answer; remove it");
        }
        return decoding.withSchema(schema);
    }

    private static void rejectUnsupported(RequestFields fields) {
        JsonNodeFactory json = JsonNodeFactory.instance;
        fields.requireDefault("tools", json.arrayNode());
        fields.requireDefault("tool_choice", json.textNode("none"), json.textNode("auto"));
        fields.requireDefault("modalities", json.arrayNode().add("text"));
    }

    private static DecodingOptions decoding(RequestFields fields, ServerOptions options, int vocabularySize) {
        double temperature = number(fields, "temperature", 0, 2, 0);
        double topP = number(fields, "top_p", 0, 1, 1);
        long topK = integer(fields, "top_k", 0, Integer.MAX_VALUE, 0);
        double minP = number(fields, "min_p", 0, 1, 0);
        Penalties penalties = new Penalties(
                number(fields, "repetition_penalty", 0.01, 100, 1),
                number(fields, "frequency_penalty", -2, 2, 0),
                number(fields, "presence_penalty", -2, 2, 0));
        long seed = fields.integer("seed", 0);
        String limit = fields.object().hasNonNull("max_completion_tokens") ? "max_completion_tokens" : "max_tokens";
        long tokens = integer(fields, limit, 1, Integer.MAX_VALUE, options.maxNewTokens());
        List<String> stops = fields.strings("stop");
        if (stops.size() > MAX_STOP_SEQUENCES || stops.contains("")) {
            throw ApiException.badRequest(
                    "stop", "'stop' may have up to " + MAX_STOP_SEQUENCES + " strings, none of them empty");
        }
        // A top_p of 0 means greedy decoding.
        SamplingOptions sampling = new SamplingOptions(
                temperature,
                Math.max(topP, Double.MIN_NORMAL),
                (int) topK,
                minP,
                penalties,
                logitBias(fields, vocabularySize),
                seed);
        return new DecodingOptions(
                sampling, (int) Math.min(tokens, options.maxNewTokens()), stops, topLogprobs(fields));
    }

    private static int topLogprobs(RequestFields fields) {
        int top = (int) integer(fields, "top_logprobs", 0, MAX_TOP_LOGPROBS, 0);
        if (fields.isTrue("logprobs")) {
            return top;
        }
        if (top > 0) {
            throw ApiException.badRequest("top_logprobs", "'top_logprobs' needs 'logprobs': true");
        }
        return DecodingOptions.NO_LOGPROBS;
    }

    private static Map<Integer, Double> logitBias(RequestFields fields, int vocabularySize) {
        JsonNode object = fields.object().get("logit_bias");
        if (object == null || object.isNull()) {
            return Map.of();
        }
        RequestFields biases = fields.child("logit_bias");
        if (object.size() > MAX_LOGIT_BIASES) {
            throw ApiException.badRequest(
                    "logit_bias",
                    "'logit_bias' has " + object.size() + " tokens; give " + MAX_LOGIT_BIASES + " or less");
        }
        Map<Integer, Double> byToken = new HashMap<>();
        object.fieldNames().forEachRemaining(token -> {
            if (!token.matches("\\d{1,9}") || Integer.parseInt(token) >= vocabularySize) {
                throw ApiException.badRequest(
                        "logit_bias",
                        "'logit_bias' names the token '" + token + "'; token ids are 0 to " + (vocabularySize - 1));
            }
            byToken.put(Integer.parseInt(token), number(biases, token, -100, 100, 0));
        });
        return byToken;
    }

    private static double number(RequestFields fields, String name, double min, double max, double defaultValue) {
        double value = fields.number(name, defaultValue);
        require(value >= min && value <= max, name, value, min, max);
        return value;
    }

    private static long integer(RequestFields fields, String name, int min, int max, int defaultValue) {
        long value = fields.integer(name, defaultValue);
        require(value >= min && value <= max, name, value, min, max);
        return value;
    }

    private static void require(boolean valid, String name, Number value, Number min, Number max) {
        if (!valid) {
            throw ApiException.badRequest(name, "'" + name + "' is " + value + "; give " + min + " to " + max);
        }
    }

    /** Converts messages to a question. */
    private static final class Messages {
        private final ServerOptions options;
        private final ImageSource images;
        private final List<ImageRef> imagesSoFar = new ArrayList<>();

        Messages(ServerOptions options, ImageSource images) {
            this.options = options;
            this.images = images;
        }

        GenerationRequest question(RequestFields request) {
            List<Turn> turns = new ArrayList<>();
            StringBuilder system = new StringBuilder();
            List<RequestFields> messages = request.objects("messages");
            for (RequestFields message : messages) {
                String role = message.text("role");
                switch (role) {
                    case "system", "developer" ->
                        system.append(system.isEmpty() ? "" : "\n").append(content(message, false));
                    case "user" -> add(turns, Turn.human(content(message, true)));
                    case "assistant" -> add(turns, Turn.gpt(content(message, false)));
                    default ->
                        throw ApiException.badRequest(
                                message.path() + ".role",
                                "'" + message.path() + ".role' is '" + role
                                        + "'; use system, developer, user or assistant");
                }
            }
            if (turns.isEmpty() || !turns.get(0).isHuman()) {
                throw ApiException.badRequest(
                        "messages", "the first of 'messages' after the system message must have the role user");
            }
            Turn last = turns.get(turns.size() - 1);
            if (!last.isHuman()) {
                turns.remove(turns.size() - 1);
            }
            return new GenerationRequest(
                    turns,
                    imagesSoFar,
                    system.isEmpty() ? null : system.toString(),
                    last.isHuman() ? "" : last.value(),
                    options.specialTokensInText());
        }

        /** Adds a message; consecutive messages of one role are one turn, as templates know only alternating turns. */
        private static void add(List<Turn> turns, Turn turn) {
            Turn last = turns.isEmpty() ? null : turns.get(turns.size() - 1);
            if (last == null || last.isHuman() != turn.isHuman()) {
                turns.add(turn);
                return;
            }
            String joined = last.value() + "\n" + turn.value();
            turns.set(turns.size() - 1, turn.isHuman() ? Turn.human(joined) : Turn.gpt(joined));
        }

        private String content(RequestFields message, boolean imagesAllowed) {
            JsonNode content = message.object().get("content");
            if (content != null && content.isTextual()) {
                return text(content.textValue(), message.path() + ".content", imagesAllowed);
            }
            if (content == null || !content.isArray()) {
                String path = message.path() + ".content";
                throw ApiException.badRequest(path, "'" + path + "' must be a string or an array of parts");
            }
            StringBuilder text = new StringBuilder();
            for (RequestFields part : message.objects("content")) {
                String type = part.text("type");
                if (type.equals("text")) {
                    text.append(text(part.text("text"), part.path() + ".text", imagesAllowed));
                } else if (type.equals("image_url") && imagesAllowed) {
                    addImage(part);
                    text.append(LlamaTokenizer.IMAGE_TEXT).append('\n');
                } else {
                    throw ApiException.badRequest(
                            part.path() + ".type",
                            "'" + part.path() + ".type' is '" + type + "'; use text"
                                    + (imagesAllowed ? " or image_url" : "; only user messages may have images"));
                }
            }
            return text.toString();
        }

        /**
         * Rejects the image placeholder in user text, where it would stand for an image that is not sent. In other
         * messages it is ordinary text.
         */
        private static String text(String text, String path, boolean imagesAllowed) {
            if (imagesAllowed && text.contains(LlamaTokenizer.IMAGE_TEXT)) {
                throw ApiException.badRequest(
                        path,
                        "'" + path + "' contains the placeholder " + LlamaTokenizer.IMAGE_TEXT
                                + "; send image_url instead");
            }
            return text;
        }

        /** Loads the image of a part: {@code "image_url"} is an object with a URL, or the URL itself. */
        private void addImage(RequestFields part) {
            boolean isUrl = part.object().path("image_url").isTextual();
            RequestFields owner = isUrl ? part : part.child("image_url");
            String field = isUrl ? "image_url" : "url";
            if (imagesSoFar.size() == options.maxImages()) {
                throw ApiException.badRequest(
                        owner.path(), "there are more than " + options.maxImages() + " images; send fewer");
            }
            imagesSoFar.add(images.load(owner.text(field), owner.path() + "." + field));
        }
    }
}
