package org.llava4j.server;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.Set;
import org.llava4j.model.chat.GenerationRequest;
import org.llava4j.server.ConversationBuilder.Role;

/** Reader of {@code messages} of a {@code POST /v1/chat/completions} request. */
final class ChatInput implements ConversationBuilder.MessageReader {
    private static final Set<String> MESSAGE_FIELDS = Set.of(
            "role",
            "content",
            // Accepted and ignored.
            "name");

    private static final Set<String> ANSWER_FIELDS = Set.of(
            "role",
            "content",
            "refusal",
            "audio",
            "function_call",
            "tool_calls",
            // Accepted and ignored: clients send answers back as they are.
            "name",
            "annotations");

    private static final Set<String> TEXT_FIELDS = Set.of("type", "text", ConversationBuilder.CACHE_HINT);
    private static final Set<String> IMAGE_FIELDS = Set.of("type", "image_url", ConversationBuilder.CACHE_HINT);
    /** The detail is accepted and ignored: an image has always the same number of tokens. */
    private static final Set<String> URL_FIELDS = Set.of("url", "detail");

    private final ConversationBuilder conversation;

    private ChatInput(ConversationBuilder conversation) {
        this.conversation = conversation;
    }

    /**
     * Reads the conversation.
     *
     * @throws ApiException if it is invalid
     */
    static GenerationRequest read(RequestFields fields, ServerOptions options, ImageSource images) {
        ConversationBuilder conversation = new ConversationBuilder(options, images, "image_url");
        ChatInput reader = new ChatInput(conversation);
        for (RequestFields message : fields.objects("messages")) {
            conversation.addMessage(message, reader);
        }
        return conversation.build("messages");
    }

    @Override
    public void check(RequestFields message, Role role) {
        if (role != Role.ASSISTANT) {
            message.requireKnown(MESSAGE_FIELDS);
            return;
        }
        message.requireKnown(ANSWER_FIELDS);
        JsonNodeFactory json = JsonNodeFactory.instance;
        message.requireDefault("refusal", "is not supported; send the text in 'content'", json.textNode(""));
        message.requireDefault("audio");
        message.requireDefault("function_call", "is not supported: the model calls no tools; remove it");
        message.requireDefault("tool_calls", "is not supported: the model calls no tools; remove it", json.arrayNode());
    }

    @Override
    public String part(RequestFields part, Role role) {
        String type = part.text("type");
        if (type.equals("text")) {
            part.requireKnown(TEXT_FIELDS);
            return conversation.text(part, "text", role);
        }
        if (type.equals("image_url") && role == Role.USER) {
            part.requireKnown(IMAGE_FIELDS);
            // An object with a URL, or the URL itself.
            if (part.object().path("image_url").isTextual()) {
                return conversation.image(part, "image_url");
            }
            RequestFields image = part.child("image_url");
            image.requireKnown(URL_FIELDS);
            return conversation.image(image, "url");
        }
        throw ConversationBuilder.wrongPart(
                part, role == Role.USER ? "text or image_url" : "text; only user messages may have images");
    }
}
