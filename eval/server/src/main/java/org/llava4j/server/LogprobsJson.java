package org.llava4j.server;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.IntFunction;
import org.llava4j.model.generate.TokenLogprobs;

/** The {@code logprobs} object of a choice. */
final class LogprobsJson {
    private static final JsonMapper JSON = new JsonMapper();

    private LogprobsJson() {}

    /** @param bytes the UTF-8 bytes of a token id */
    static ObjectNode of(List<TokenLogprobs> tokens, IntFunction<byte[]> bytes) {
        ObjectNode logprobs = JSON.createObjectNode();
        ArrayNode content = logprobs.putArray("content");
        for (TokenLogprobs token : tokens) {
            ObjectNode node = content.addObject();
            put(node, bytes.apply(token.id()), token.logprob());
            ArrayNode top = node.putArray("top_logprobs");
            token.top().forEach(other -> put(top.addObject(), bytes.apply(other.id()), other.logprob()));
        }
        logprobs.putNull("refusal");
        return logprobs;
    }

    private static void put(ObjectNode node, byte[] bytes, double logprob) {
        node.put("token", new String(bytes, StandardCharsets.UTF_8)).put("logprob", logprob);
        ArrayNode array = node.putArray("bytes");
        for (byte one : bytes) {
            array.add(one & 0xff);
        }
    }
}
