package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.chat.GenerationRequest;

/** Collects the messages of a request: turns, system prompt and images. */
final class ConversationBuilder {
    private final ServerOptions options;
    private final ImageSource images;
    private final String imagePart;
    private final List<Draft> turns = new ArrayList<>();
    private final List<ImageRef> imagesSoFar = new ArrayList<>();
    private final StringBuilder system = new StringBuilder();

    /** A turn that further messages may extend. */
    private record Draft(boolean isHuman, StringBuilder text) {
        Turn turn() {
            return isHuman ? Turn.human(text.toString()) : Turn.gpt(text.toString());
        }
    }

    /** Who speaks. System messages are of the developer, too. */
    enum Role {
        SYSTEM,
        USER,
        ASSISTANT
    }

    /** Reads a part of a message's content, which is an object. */
    @FunctionalInterface
    interface PartReader {
        /** The part's text, with the placeholder of an image. */
        String read(RequestFields part, Role role);
    }

    /** @param imagePart type of a part with an image, for messages */
    ConversationBuilder(ServerOptions options, ImageSource images, String imagePart) {
        this.options = options;
        this.images = images;
        this.imagePart = imagePart;
    }

    /** Adds a system prompt, on a new line after an earlier one. */
    void addSystem(String text) {
        system.append(system.isEmpty() ? "" : "\n").append(text);
    }

    /** Adds a message of the user. */
    void addUser(String text) {
        add(true, text);
    }

    /** Adds a message with {@code role} and {@code content}. */
    void addMessage(RequestFields message, PartReader parts) {
        switch (message.text("role")) {
            case "system", "developer" -> addSystem(content(message, Role.SYSTEM, parts));
            case "user" -> addUser(content(message, Role.USER, parts));
            case "assistant" -> add(false, content(message, Role.ASSISTANT, parts));
            default ->
                throw ApiException.badRequest(
                        message.path() + ".role",
                        "'" + message.path() + ".role' is '" + message.text("role")
                                + "'; use system, developer, user or assistant");
        }
    }

    /** Adds a turn; consecutive messages of one role are one turn, as templates know only alternating turns. */
    private void add(boolean isHuman, String text) {
        Draft last = turns.isEmpty() ? null : turns.get(turns.size() - 1);
        if (last == null || last.isHuman() != isHuman) {
            turns.add(new Draft(isHuman, new StringBuilder(text)));
        } else {
            last.text().append('\n').append(text);
        }
    }

    private String content(RequestFields message, Role role, PartReader parts) {
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
            text.append(parts.read(part, role));
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
        if (imagesSoFar.size() == options.maxImages()) {
            throw ApiException.badRequest(
                    owner.path(), "there are more than " + options.maxImages() + " images; send fewer");
        }
        imagesSoFar.add(images.load(owner.text(name), owner.path() + "." + name));
        return LlamaTokenizer.IMAGE_TEXT + "\n";
    }

    /** Rejects a part by its type. */
    static ApiException wrongPart(RequestFields part, String known) {
        String path = part.path() + ".type";
        return ApiException.badRequest(path, "'" + path + "' is '" + part.text("type") + "'; use " + known);
    }

    /**
     * The conversation. A last message of the assistant is the beginning of the answer.
     *
     * @param field field of the messages, for messages
     */
    GenerationRequest build(String field) {
        if (turns.isEmpty() || !turns.get(0).isHuman()) {
            throw ApiException.badRequest(
                    field, "the first of '" + field + "' after the system message must have the role user");
        }
        List<Turn> all = new ArrayList<>();
        turns.forEach(draft -> all.add(draft.turn()));
        Turn last = all.get(all.size() - 1);
        String prefix = last.isHuman() ? "" : all.remove(all.size() - 1).value();
        return new GenerationRequest(
                all, imagesSoFar, system.isEmpty() ? null : system.toString(), prefix, options.specialTokensInText());
    }
}
