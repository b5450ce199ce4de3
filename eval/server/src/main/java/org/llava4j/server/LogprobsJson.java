package org.llava4j.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.IntFunction;
import org.llava4j.model.generate.TokenLogprobs;

/** Log-probabilities of tokens in the formats of the endpoints. */
final class LogprobsJson {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private LogprobsJson() {}

    /**
     * The {@code logprobs} object of a choice of a chat completion.
     *
     * @param bytes the UTF-8 bytes of a token id
     */
    static ObjectNode ofChat(List<TokenLogprobs> tokens, IntFunction<byte[]> bytes) {
        ObjectNode logprobs = JSON.objectNode();
        logprobs.set("content", list(tokens, bytes));
        logprobs.putNull("refusal");
        return logprobs;
    }

    /** The tokens with their bytes, log-probabilities and candidates. */
    static ArrayNode list(List<TokenLogprobs> tokens, IntFunction<byte[]> bytes) {
        ArrayNode content = JSON.arrayNode();
        for (TokenLogprobs token : tokens) {
            ObjectNode node = content.addObject();
            put(node, bytes.apply(token.id()), token.logprob());
            ArrayNode top = node.putArray("top_logprobs");
            token.top().forEach(other -> put(top.addObject(), bytes.apply(other.id()), other.logprob()));
        }
        return content;
    }

    /**
     * The {@code logprobs} object of a choice of a text completion.
     *
     * @param offset position of the first token, in characters of prompt and completion
     */
    static ObjectNode ofText(List<TokenLogprobs> tokens, IntFunction<byte[]> bytes, int offset) {
        ObjectNode logprobs = JSON.objectNode();
        ArrayNode texts = logprobs.putArray("tokens");
        ArrayNode chosen = logprobs.putArray("token_logprobs");
        ArrayNode candidates = logprobs.putArray("top_logprobs");
        ArrayNode offsets = logprobs.putArray("text_offset");
        int at = offset;
        for (TokenLogprobs token : tokens) {
            byte[] own = bytes.apply(token.id());
            texts.add(text(own));
            chosen.add(token.logprob());
            ObjectNode top = candidates.addObject();
            // Two candidates may have the same text; the first one is more probable.
            token.top()
                    .forEach(other -> top.putIfAbsent(text(bytes.apply(other.id())), JSON.numberNode(other.logprob())));
            top.putIfAbsent(text(own), JSON.numberNode(token.logprob()));
            offsets.add(at);
            at += characters(own);
        }
        return logprobs;
    }

    /** Number of characters that begin in a part of a UTF-8 text. */
    static int characters(byte[] bytes) {
        int characters = 0;
        for (byte one : bytes) {
            characters += (one & 0xc0) == 0x80 ? 0 : 1;
        }
        return characters;
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static void put(ObjectNode node, byte[] bytes, double logprob) {
        node.put("token", text(bytes)).put("logprob", logprob);
        ArrayNode array = node.putArray("bytes");
        for (byte one : bytes) {
            array.add(one & 0xff);
        }
    }
}
