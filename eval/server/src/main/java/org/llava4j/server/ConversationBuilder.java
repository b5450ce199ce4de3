package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.chat.ChatMessages;
import org.llava4j.model.chat.GenerationRequest;

/** Reads the messages of a request, with their images. */
final class ConversationBuilder {
    /** Hint of a part to the caches of OpenAI's service, accepted and ignored. */
    static final String CACHE_HINT = "prompt_cache_breakpoint";

    private final ServerOptions options;
    private final ImageSource images;
    private final String imagePart;
    private final ChatMessages messages = new ChatMessages();

    /** Author of a message. A system message may have the role {@code developer}. */
    enum Role {
        SYSTEM,
        USER,
        ASSISTANT
    }

    /** Reads what differs between the messages of the endpoints. */
    interface MessageReader {
        /**
         * Checks the fields of a message.
         *
         * @throws ApiException 400 if there is an unknown field, or one that cannot be honoured
         */
        void check(RequestFields message, Role role);

        /** Text of a part of a message's content, which is an object, with the placeholder of an image. */
        String part(RequestFields part, Role role);
    }

    /** @param imagePart type of a part with an image, for messages */
    ConversationBuilder(ServerOptions options, ImageSource images, String imagePart) {
        this.options = options;
        this.images = images;
        this.imagePart = imagePart;
    }

    /** Adds a system prompt, on a new line after an earlier one. */
    void addSystem(String text) {
        messages.addSystem(text);
    }

    /** Adds a message of the user. */
    void addUser(String text) {
        messages.addUser(text);
    }

    /** Adds a message with {@code role} and {@code content}. */
    void addMessage(RequestFields message, MessageReader reader) {
        Role role = role(message);
        reader.check(message, role);
        String content = content(message, role, reader);
        switch (role) {
            case SYSTEM -> addSystem(content);
            case USER -> addUser(content);
            case ASSISTANT -> messages.addAssistant(content);
        }
    }

    private static Role role(RequestFields message) {
        return switch (message.text("role")) {
            case "system", "developer" -> Role.SYSTEM;
            case "user" -> Role.USER;
            case "assistant" -> Role.ASSISTANT;
            default ->
                throw ApiException.badRequest(
                        message.path() + ".role",
                        "'" + message.path() + ".role' is '" + message.text("role")
                                + "'; use system, developer, user or assistant");
        };
    }

    private String content(RequestFields message, Role role, MessageReader reader) {
        JsonNode content = message.object().get("content");
        if (content != null && content.isTextual()) {
            return text(message, "content", role);
        }
        if (content == null || !content.isArray()) {
            String path = message.path() + ".content";
            throw ApiException.badRequest(path, "'" + path + "' must be a string or an array of parts");
        }
        StringBuilder text = new StringBuilder();
        for (RequestFields part : message.objects("content")) {
            text.append(reader.part(part, role));
        }
        return text.toString();
    }

    /**
     * The text of a field. Rejects the image placeholder in user text, where it would stand for an image that is not sent.
     * In other messages it is ordinary text.
     */
    String text(RequestFields owner, String name, Role role) {
        String text = owner.text(name);
        if (role == Role.USER && text.contains(LlamaTokenizer.IMAGE_TEXT)) {
            String path = owner.path().isEmpty() ? name : owner.path() + "." + name;
            throw ApiException.badRequest(
                    path,
                    "'" + path + "' contains the placeholder " + LlamaTokenizer.IMAGE_TEXT + "; send " + imagePart
                            + " instead");
        }
        return text;
    }

    /** Loads the image of a URL field and returns its placeholder. */
    String image(RequestFields owner, String name) {
        if (messages.imageCount() == options.maxImages()) {
            throw ApiException.badRequest(
                    owner.path(), "there are more than " + options.maxImages() + " images; send fewer");
        }
        messages.addImage(images.load(owner.text(name), owner.path() + "." + name));
        return LlamaTokenizer.IMAGE_TEXT + "\n";
    }

    /** Rejects a part by its type. */
    static ApiException wrongPart(RequestFields part, String known) {
        String path = part.path() + ".type";
        return ApiException.badRequest(path, "'" + path + "' is '" + part.text("type") + "'; use " + known);
    }

    /**
     * The request.
     *
     * @param field field of the messages, for messages
     */
    GenerationRequest build(String field) {
        if (!messages.beginWithUser()) {
            throw ApiException.badRequest(
                    field, "the first of '" + field + "' after the system message must have the role user");
        }
        return messages.request(options.specialTokensInText());
    }
}
