package org.llava4j.eval.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.GenerationRequest;
import org.llava4j.model.generate.SamplingOptions;

/**
 * What a client asks with {@code POST /v1/chat/completions}. Beside OpenAI's fields there are {@code top_k} and {@code
 * repetition_penalty}, as other servers of open models have them. Without a temperature the likeliest token is taken.
 *
 * @param stream whether the answer is wanted as it comes
 * @param streamUsage whether its last piece tells how many tokens there were
 */
record ChatRequest(GenerationRequest question, DecodingOptions decoding, boolean stream, boolean streamUsage) {
    private static final int MAX_STOP_SEQUENCES = 4;
    private static final Set<String> KNOWN_FIELDS = Set.of(
            "model",
            "messages",
            "temperature",
            "top_p",
            "top_k",
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
            // Of no consequence here.
            "user",
            "safety_identifier",
            "prompt_cache_key",
            "metadata",
            "store",
            "service_tier");

    /** From the address in a message to a picture. */
    @FunctionalInterface
    interface ImageSource {
        /** @throws ApiException if there is none */
        ImageRef load(String url, String parameter);
    }

    /** @throws ApiException if the request makes no sense */
    static ChatRequest of(JsonNode body, ServeOptions options, ImageSource pictures) {
        if (!body.isObject()) {
            throw ApiException.badRequest(null, "the body must be a JSON object");
        }
        RequestFields fields = new RequestFields(body, "");
        fields.requireKnown(KNOWN_FIELDS);
        options.requireModel(fields.text("model"));
        rejectUnsupported(fields);
        DecodingOptions decoding = decoding(fields, options);
        boolean stream = fields.isTrue("stream");
        JsonNode streamOptions = body.get("stream_options");
        boolean usage = streamOptions != null
                && !streamOptions.isNull()
                && fields.child("stream_options").isTrue("include_usage");
        return new ChatRequest(new Messages(options, pictures).question(fields), decoding, stream, usage);
    }

    private static void rejectUnsupported(RequestFields fields) {
        JsonNodeFactory json = JsonNodeFactory.instance;
        fields.requireDefault("n", IntNode.valueOf(1));
        JsonNode[] zero = {IntNode.valueOf(0), DoubleNode.valueOf(0)};
        fields.requireDefault("frequency_penalty", zero);
        fields.requireDefault("presence_penalty", zero);
        fields.requireDefault("logit_bias", json.objectNode());
        fields.requireDefault("logprobs", json.booleanNode(false));
        fields.requireDefault("top_logprobs", IntNode.valueOf(0));
        fields.requireDefault("response_format", json.objectNode().put("type", "text"));
        fields.requireDefault("tools", json.arrayNode());
        fields.requireDefault("tool_choice", json.textNode("none"), json.textNode("auto"));
        fields.requireDefault("modalities", json.arrayNode().add("text"));
    }

    private static DecodingOptions decoding(RequestFields fields, ServeOptions options) {
        double temperature = number(fields, "temperature", 0, 2, 0);
        double topP = number(fields, "top_p", 0, 1, 1);
        long topK = whole(fields, "top_k", 0, Integer.MAX_VALUE, 0);
        double penalty = number(fields, "repetition_penalty", 0.01, 100, 1);
        long seed = fields.integer("seed").orElse(0);
        String limit = fields.object().hasNonNull("max_completion_tokens") ? "max_completion_tokens" : "max_tokens";
        long tokens = whole(fields, limit, 1, Integer.MAX_VALUE, options.maxNewTokens());
        List<String> stops = fields.strings("stop");
        if (stops.size() > MAX_STOP_SEQUENCES || stops.contains("")) {
            throw ApiException.badRequest(
                    "stop", "'stop' may have up to " + MAX_STOP_SEQUENCES + " texts, none of them empty");
        }
        // A top_p of 0 asks for the likeliest token alone.
        SamplingOptions sampling =
                new SamplingOptions(temperature, Math.max(topP, Double.MIN_NORMAL), (int) topK, penalty, seed);
        return new DecodingOptions(sampling, (int) Math.min(tokens, options.maxNewTokens()), stops);
    }

    private static double number(RequestFields fields, String name, double least, double most, double absent) {
        double value = fields.number(name).orElse(absent);
        require(value >= least && value <= most, name, value, least, most);
        return value;
    }

    private static long whole(RequestFields fields, String name, int least, int most, int absent) {
        long value = fields.integer(name).orElse(absent);
        require(value >= least && value <= most, name, value, least, most);
        return value;
    }

    private static void require(boolean holds, String name, Number value, Number least, Number most) {
        if (!holds) {
            throw ApiException.badRequest(name, "'" + name + "' is " + value + "; give " + least + " to " + most);
        }
    }

    /** From messages to a question. */
    private static final class Messages {
        private final ServeOptions options;
        private final ImageSource pictures;
        private final List<ImageRef> shown = new ArrayList<>();

        Messages(ServeOptions options, ImageSource pictures) {
            this.options = options;
            this.pictures = pictures;
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
                    case "user" -> turns.add(Turn.human(content(message, true)));
                    case "assistant" -> turns.add(Turn.gpt(content(message, false)));
                    default ->
                        throw ApiException.badRequest(
                                message.path() + ".role",
                                "'" + message.path() + ".role' is '" + role
                                        + "'; use system, developer, user or assistant");
                }
            }
            if (turns.isEmpty() || !turns.get(turns.size() - 1).isHuman()) {
                throw ApiException.badRequest("messages", "the last of 'messages' must be the user's");
            }
            requireTakingTurns(turns);
            return new GenerationRequest(
                            turns, shown, system.isEmpty() ? Optional.empty() : Optional.of(system.toString()))
                    .withSpecialTokensInText(options.specialTokensInText());
        }

        private static void requireTakingTurns(List<Turn> turns) {
            for (int i = 0; i < turns.size(); i++) {
                if (turns.get(i).isHuman() != (i % 2 == 0)) {
                    throw ApiException.badRequest(
                            "messages", "'messages' must be the user's and the assistant's in turn, the user's first");
                }
            }
        }

        private String content(RequestFields message, boolean mayShow) {
            JsonNode content = message.object().get("content");
            if (content != null && content.isTextual()) {
                return text(content.textValue(), message.path() + ".content", mayShow);
            }
            if (content == null || !content.isArray()) {
                String path = message.path() + ".content";
                throw ApiException.badRequest(path, "'" + path + "' must be a string or an array of parts");
            }
            StringBuilder text = new StringBuilder();
            for (RequestFields part : message.objects("content")) {
                String type = part.text("type");
                if (type.equals("text")) {
                    text.append(text(part.text("text"), part.path() + ".text", mayShow));
                } else if (type.equals("image_url") && mayShow) {
                    show(part.child("image_url"));
                    text.append(LlamaTokenizer.IMAGE_TEXT).append('\n');
                } else {
                    throw ApiException.badRequest(
                            part.path() + ".type",
                            "'" + part.path() + ".type' is '" + type + "'; use text"
                                    + (mayShow ? " or image_url" : ", images are the user's to show"));
                }
            }
            return text.toString();
        }

        /** In the user's text an image's mark would stand for an image that is not there; elsewhere it is text. */
        private static String text(String text, String path, boolean mayShow) {
            if (mayShow && text.contains(LlamaTokenizer.IMAGE_TEXT)) {
                throw ApiException.badRequest(
                        path, "'" + path + "' has the mark " + LlamaTokenizer.IMAGE_TEXT + "; send image_url instead");
            }
            return text;
        }

        private void show(RequestFields image) {
            if (shown.size() == options.maxImages()) {
                throw ApiException.badRequest(
                        image.path(), "there are more than " + options.maxImages() + " images; send fewer");
            }
            shown.add(pictures.load(image.text("url"), image.path() + ".url"));
        }
    }
}
