package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonId;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.tokenizer.LlamaTokenizer;

/** Parser of one sample in either {@link ConversationLayout}. */
final class ConversationEntry {
    private final JsonNode entry;
    private final JsonNode idNode;
    private final String owner;
    private final ConversationLayout layout;
    private final List<String> imagesOfParts = new ArrayList<>();

    private ConversationEntry(JsonNode entry) {
        this.entry = entry;
        idNode = entry.path("id");
        if (!idNode.isMissingNode() && !idNode.isTextual() && !idNode.isIntegralNumber()) {
            throw new BadInputException("\"id\" must be a string or a whole number");
        }
        owner = "sample " + idNode.asText("");
        layout = ConversationLayout.of(entry, owner);
    }

    static Conversation parse(JsonNode entry) {
        return new ConversationEntry(entry).conversation();
    }

    private Conversation conversation() {
        List<String> images = images();
        JsonNode nodes = entry.path(layout.turnsKey());
        if (!nodes.isArray() || nodes.isEmpty()) {
            throw new BadInputException(owner + ": \"" + layout.turnsKey() + "\" must be a list of turns"
                    + (nodes.isMissingNode() ? ", or \"messages\" with \"role\" and \"content\"" : ""));
        }
        String system = null;
        List<Turn> turns = new ArrayList<>();
        for (int i = 0; i < nodes.size(); i++) {
            String turnOwner = owner + ", turn " + i;
            JsonFields turn = new JsonFields(nodes.get(i), turnOwner);
            String role = turn.text(layout.roleKey());
            String text = text(nodes.get(i), turn, turnOwner);
            switch (role) {
                case "human", "user" -> turns.add(Turn.human(text));
                case "gpt", "assistant" -> turns.add(Turn.gpt(text));
                case "system" -> {
                    if (i > 0) {
                        throw new BadInputException(turnOwner + ": is from the system; only the first turn may be");
                    }
                    system = text;
                }
                default ->
                    throw new BadInputException(turnOwner + ": the role (\"" + layout.roleKey() + "\") of a turn is \""
                            + role + "\"; write human or user, gpt or assistant, or system");
            }
        }
        if (!images.isEmpty() && !imagesOfParts.isEmpty()) {
            throw new BadInputException(owner + ": names images both in parts and beside the turns; keep one");
        }
        return new Conversation(
                idNode.isMissingNode() ? JsonId.of("") : JsonId.of(idNode),
                system,
                images.isEmpty() ? imagesOfParts : images,
                turns);
    }

    /** The text of a turn: a string, or text and images as a list of parts. */
    private String text(JsonNode node, JsonFields turn, String turnOwner) {
        JsonNode content = node.path(layout.textKey());
        if (!content.isArray()) {
            return turn.text(layout.textKey());
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < content.size(); i++) {
            JsonFields part = new JsonFields(content.get(i), turnOwner + ", part " + i);
            String type = part.text("type");
            switch (type) {
                case "text" -> text.append(part.text("text"));
                case "image" -> {
                    text.append(LlamaTokenizer.IMAGE_TEXT).append('\n');
                    String image = part.textOrEmpty("image");
                    if (!image.isEmpty()) {
                        imagesOfParts.add(image);
                    }
                }
                default ->
                    throw new BadInputException(
                            turnOwner + ", part " + i + ": its type is \"" + type + "\"; write text or image");
            }
        }
        return text.toString();
    }

    /** The images beside the turns. */
    private List<String> images() {
        List<String> one = list("image");
        List<String> many = list("images");
        if (!one.isEmpty() && !many.isEmpty()) {
            throw new BadInputException(owner + ": has both \"image\" and \"images\"; keep one");
        }
        List<String> images = one.isEmpty() ? many : one;
        if (images.contains("")) {
            throw new BadInputException(owner + ": \"image\" is empty; remove the key if there is no image");
        }
        return images;
    }

    private List<String> list(String key) {
        if (!entry.hasNonNull(key)) {
            return List.of();
        }
        JsonFields fields = new JsonFields(entry, owner);
        return entry.get(key).isArray() ? fields.texts(key) : List.of(fields.text(key));
    }
}
