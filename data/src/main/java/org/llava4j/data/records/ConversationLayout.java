package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import org.llava4j.data.BadInputException;

/** JSON layouts of a conversation, told apart by the key that holds its turns. */
enum ConversationLayout {
    /** LLaVA's and ShareGPT's: {@code "conversations": [{"from", "value"}]}. */
    CONVERSATIONS("conversations", "from", "value"),
    /** OpenAI's and TRL's: {@code "messages": [{"role", "content"}]}. */
    MESSAGES("messages", "role", "content");

    private final String turns;
    private final String role;
    private final String text;

    ConversationLayout(String turns, String role, String text) {
        this.turns = turns;
        this.role = role;
        this.text = text;
    }

    /** Key of the list of turns. */
    String turnsKey() {
        return turns;
    }

    /** Key of a turn's role. */
    String roleKey() {
        return role;
    }

    /** Key of a turn's text. */
    String textKey() {
        return text;
    }

    /**
     * The layout of a sample; LLaVA's if it has no turns.
     *
     * @throws BadInputException if it has the keys of both layouts
     */
    static ConversationLayout of(JsonNode sample, String owner) {
        if (sample.has(CONVERSATIONS.turns) && sample.has(MESSAGES.turns)) {
            throw new BadInputException(owner + ": has both \"conversations\" and \"messages\"; keep one");
        }
        return sample.has(MESSAGES.turns) ? MESSAGES : CONVERSATIONS;
    }
}
