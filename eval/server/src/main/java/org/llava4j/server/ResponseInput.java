package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;
import org.llava4j.model.chat.GenerationRequest;
import org.llava4j.server.ConversationBuilder.Role;

/** Reader of {@code input} and {@code instructions} of a {@code POST /v1/responses} request. */
final class ResponseInput implements ConversationBuilder.MessageReader {
    private static final Set<String> MESSAGE_FIELDS = Set.of(
            "type",
            "role",
            "content",
            // Accepted and ignored: clients send the items of responses back as they are.
            "id",
            "status",
            "phase");

    private static final Set<String> TEXT_FIELDS = Set.of("type", "text", ConversationBuilder.CACHE_HINT);

    private static final Set<String> OUTPUT_TEXT_FIELDS = Set.of(
            "type",
            "text",
            // Accepted and ignored.
            "annotations",
            "logprobs");

    private static final Set<String> IMAGE_FIELDS = Set.of(
            "type",
            "image_url",
            "file_id",
            // Accepted and ignored.
            "detail",
            ConversationBuilder.CACHE_HINT);

    private final ConversationBuilder conversation;

    private ResponseInput(ConversationBuilder conversation) {
        this.conversation = conversation;
    }

    /**
     * Reads the conversation: a question, or messages, which may be output items of earlier responses.
     *
     * @throws ApiException if it is invalid
     */
    static GenerationRequest read(RequestFields fields, ServerOptions options, ImageSource images) {
        ConversationBuilder conversation = new ConversationBuilder(options, images, "input_image");
        if (!fields.isAbsent("instructions")) {
            conversation.addSystem(fields.text("instructions"));
        }
        JsonNode input = fields.object().path("input");
        if (input.isTextual()) {
            conversation.addUser(conversation.text(fields, "input", Role.USER));
        } else if (input.isArray()) {
            ResponseInput reader = new ResponseInput(conversation);
            fields.objects("input").forEach(reader::addItem);
        } else {
            throw ApiException.badRequest("input", "'input' must be a string or an array of messages");
        }
        return conversation.build("input");
    }

    private void addItem(RequestFields item) {
        String type = item.isAbsent("type") ? "message" : item.text("type");
        if (!type.equals("message")) {
            String path = item.path() + ".type";
            throw ApiException.badRequest(
                    path,
                    "'" + path + "' is '" + type
                            + "'; use message, because this server runs no tools and stores no items");
        }
        conversation.addMessage(item, this);
    }

    @Override
    public void check(RequestFields message, Role role) {
        message.requireKnown(MESSAGE_FIELDS);
    }

    @Override
    public String part(RequestFields part, Role role) {
        String type = part.text("type");
        if (type.equals(role == Role.ASSISTANT ? "output_text" : "input_text")) {
            part.requireKnown(role == Role.ASSISTANT ? OUTPUT_TEXT_FIELDS : TEXT_FIELDS);
            return conversation.text(part, "text", role);
        }
        if (type.equals("input_image") && role == Role.USER) {
            part.requireKnown(IMAGE_FIELDS);
            part.requireDefault("file_id", "is not supported; send the image in 'image_url', as a data URL");
            return conversation.image(part, "image_url");
        }
        throw ConversationBuilder.wrongPart(
                part,
                switch (role) {
                    case USER -> "input_text or input_image";
                    case SYSTEM -> "input_text; only user messages may have images";
                    case ASSISTANT -> "output_text in messages of the assistant";
                });
    }
}
