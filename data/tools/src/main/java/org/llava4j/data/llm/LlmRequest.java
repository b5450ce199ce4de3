package org.llava4j.data.llm;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.EnumName;
import org.llava4j.data.Sha256;

/**
 * Request to an LLM.
 *
 * @param label purpose, in messages and in the journal: {@code conversation/000000000139}
 * @param prefix leading messages, shared by many requests: system prompt and few-shot examples
 * @param question last message, of the user
 * @param settings model and sampling parameters
 */
public record LlmRequest(String label, PromptPrefix prefix, String question, ChatParameters settings) {
    // The number of bytes bounds the number of tokens, since every token of a byte-level tokenizer has at least one. A
    // message adds a few more tokens for its role.
    private static final int FRAME_TOKENS = 16;

    /** Leading messages of many requests: system prompt and few-shot examples. */
    public static final class PromptPrefix {
        private final List<ChatMessage> messages;
        private final String hash;
        private final long maxTokens;

        /** Creates a prefix of messages in the order in which they are sent. */
        public PromptPrefix(List<ChatMessage> messages) {
            this.messages = List.copyOf(messages);
            hash = Sha256.of(json(messages).toString().getBytes(StandardCharsets.UTF_8));
            maxTokens = messages.stream()
                    .mapToLong(message -> maxTokensOf(message.text()))
                    .sum();
        }

        /** Returns the messages of the prefix. */
        List<ChatMessage> messages() {
            return messages;
        }

        /** Returns the SHA-256 of the messages. */
        String hash() {
            return hash;
        }
    }

    /** Returns all messages, in the order in which they are sent. */
    List<ChatMessage> messages() {
        List<ChatMessage> all = new ArrayList<>(prefix.messages);
        all.add(ChatMessage.user(question));
        return all;
    }

    /** Returns the key of the request in every run: the SHA-256 of all that decides the answer. */
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

    /** Returns an upper bound of the tokens of the request, prompt and completion together. */
    long maxTotalTokens() {
        return prefix.maxTokens + maxTokensOf(question) + FRAME_TOKENS + settings.maxTokens();
    }

    /**
     * Returns the approximate number of tokens, for limits that may be missed by a little: a token has about four
     * bytes.
     */
    long expectedTokens() {
        return expectedPromptTokens() + settings.maxTokens();
    }

    /** Returns the approximate number of prompt tokens. */
    long expectedPromptTokens() {
        return (maxTotalTokens() - settings.maxTokens()) / 4;
    }

    private static long maxTokensOf(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length + FRAME_TOKENS;
    }

    /** Converts messages to the JSON of OpenAI's API. */
    static ArrayNode json(List<ChatMessage> messages) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        for (ChatMessage message : messages) {
            array.addObject().put("role", EnumName.of(message.role())).put("content", message.text());
        }
        return array;
    }

    /** Returns the request as the JSON of OpenAI's API, for display. */
    ObjectNode json() {
        ObjectNode body = JsonNodeFactory.instance.objectNode();
        body.put("model", settings.model());
        body.put("temperature", settings.temperature());
        body.put("top_p", settings.topP());
        body.put("max_tokens", settings.maxTokens());
        body.set("messages", json(messages()));
        return body;
    }
}
