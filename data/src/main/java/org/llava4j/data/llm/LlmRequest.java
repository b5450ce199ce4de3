package org.llava4j.data.llm;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.Sha256;

/**
 * One question to a model.
 *
 * @param label what it is for, in messages and in the journal: {@code conversation/000000000139}
 * @param prefix the messages before it, the same for many calls
 * @param question the last message, the user's
 * @param settings model and parameters
 */
public record LlmRequest(String label, PromptPrefix prefix, String question, ChatParameters settings) {
    // Bytes are an upper bound of tokens, since every token of a byte-level tokenizer has one at least; a message's
    // frame
    // has a few more.
    private static final int FRAME_TOKENS = 16;

    /** Messages that many calls begin with. */
    public static final class PromptPrefix {
        private final List<ChatMessage> messages;
        private final String hash;
        private final long maxTokens;

        public PromptPrefix(List<ChatMessage> messages) {
            this.messages = List.copyOf(messages);
            hash = Sha256.of(json(messages).toString().getBytes(StandardCharsets.UTF_8));
            maxTokens = messages.stream()
                    .mapToLong(each -> maxTokensOf(each.text()))
                    .sum();
        }

        public List<ChatMessage> messages() {
            return messages;
        }

        /** SHA-256 of the messages. */
        public String hash() {
            return hash;
        }
    }

    /** All messages, in the order in which they are sent. */
    public List<ChatMessage> messages() {
        List<ChatMessage> all = new ArrayList<>(prefix.messages);
        all.add(ChatMessage.user(question));
        return all;
    }

    /** By this a call is known, in every run: SHA-256 of all that decides the answer. */
    public String key() {
        return new Sha256()
                .add(prefix.hash)
                .add(JsonNodeFactory.instance
                        .arrayNode()
                        .add(question)
                        .add(settings.model())
                        .add(settings.temperature())
                        .add(settings.topP())
                        .add(settings.maxTokens())
                        .toString())
                .hex();
    }

    /** No call takes more tokens than this, question and answer together. */
    public long maxTotalTokens() {
        return prefix.maxTokens + maxTokensOf(question) + FRAME_TOKENS + settings.maxTokens();
    }

    /** About as many as it takes, for limits that may be missed by a little: a token has some four bytes. */
    long expectedTokens() {
        return expectedPromptTokens() + settings.maxTokens();
    }

    /** About as many tokens as the messages have. */
    public long expectedPromptTokens() {
        return (maxTotalTokens() - settings.maxTokens()) / 4;
    }

    private static long maxTokensOf(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length + FRAME_TOKENS;
    }

    /** Messages as the protocol has them. */
    static ArrayNode json(List<ChatMessage> messages) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        for (ChatMessage message : messages) {
            array.addObject().put("role", message.role().wire()).put("content", message.text());
        }
        return array;
    }

    /** The whole request as the protocol has it, to be looked at. */
    public ObjectNode json() {
        ObjectNode body = JsonNodeFactory.instance.objectNode();
        body.put("model", settings.model());
        body.put("temperature", settings.temperature());
        body.put("top_p", settings.topP());
        body.put("max_tokens", settings.maxTokens());
        body.set("messages", json(messages()));
        return body;
    }
}
