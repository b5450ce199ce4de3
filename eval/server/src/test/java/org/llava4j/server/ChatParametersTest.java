package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Parameters and forms of messages that clients send beside the plain ones. */
class ChatParametersTest {
    @RegisterExtension
    private static final TestServer SERVER = TestServer.trained(TestServer.OPTIONS);

    private static JsonNode answered(JsonNode request) {
        HttpResponse<String> response = SERVER.post(request);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return TestServer.json(response);
    }

    private static String text(JsonNode body) {
        return body.at("/choices/0/message/content").textValue();
    }

    @Test
    void consecutiveUserMessagesAreOneTurn() {
        ObjectNode one = TestServer.textRequest("Is it east?\nSay it.");
        ObjectNode two = TestServer.textRequest("Is it east?");
        two.withArray("messages").addObject().put("role", "user").put("content", "Say it.");
        assertThat(answered(two).get("usage")).isEqualTo(answered(one).get("usage"));
        assertThat(text(answered(two))).isEqualTo(text(answered(one)));
    }

    @Test
    void imageUrlMayBeAString() {
        ObjectNode request = TestServer.mapRequest();
        ((ObjectNode) request.at("/messages/0/content/0")).put("image_url", TestServer.dataUrl(TestServer.MAP));
        assertThat(text(answered(request))).isEqualTo(TestServer.MAP_ANSWER);
    }

    @Test
    void lastAssistantMessageIsContinued() {
        ObjectNode request = TestServer.mapRequest();
        request.withArray("messages").addObject().put("role", "assistant").put("content", "The answer");
        assertThat(text(answered(request))).isEqualTo(" is C.");
        assertThat(streamedTexts(request, 1)).containsExactly(" is C.");
    }

    @Test
    void eachChoiceHasItsOwnSeed() {
        ObjectNode request = TestServer.textRequest("Is it east?")
                .put("temperature", 2)
                .put("seed", 5)
                .put("max_tokens", 12);
        List<String> single = new ArrayList<>();
        for (int seed = 5; seed < 8; seed++) {
            single.add(text(answered(request.deepCopy().put("seed", seed))));
        }
        JsonNode three = answered(request.put("n", 3));
        List<String> texts = new ArrayList<>();
        List<Integer> indices = new ArrayList<>();
        for (JsonNode choice : three.get("choices")) {
            texts.add(choice.at("/message/content").textValue());
            indices.add(choice.get("index").intValue());
        }
        assertThat(indices).containsExactly(0, 1, 2);
        assertThat(texts).isEqualTo(single).doesNotHaveDuplicates();
        assertThat(streamedTexts(request, 3)).isEqualTo(single);
    }

    /** The text of each choice of a streamed answer. */
    private static List<String> streamedTexts(ObjectNode request, int choices) {
        List<StringBuilder> texts = new ArrayList<>();
        for (int i = 0; i < choices; i++) {
            texts.add(new StringBuilder());
        }
        for (JsonNode event : events(request)) {
            for (JsonNode choice : event.get("choices")) {
                texts.get(choice.get("index").intValue())
                        .append(choice.at("/delta/content").asText(""));
            }
        }
        return texts.stream().map(StringBuilder::toString).toList();
    }

    private static List<JsonNode> events(ObjectNode request) {
        HttpResponse<String> response = SERVER.post(request.deepCopy().put("stream", true));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        List<JsonNode> events = new ArrayList<>();
        for (String event : response.body().split("\n\n")) {
            if (!event.endsWith("[DONE]")) {
                try {
                    events.add(TestServer.JSON.readTree(event.substring("data: ".length())));
                } catch (IOException e) {
                    throw new AssertionError(event, e);
                }
            }
        }
        return events;
    }

    @Test
    void logprobsListTheTokensOfTheAnswer() {
        ObjectNode request = TestServer.mapRequest().put("logprobs", true).put("top_logprobs", 3);
        JsonNode body = answered(request);
        JsonNode content = body.at("/choices/0/logprobs/content");
        assertThat(content.size()).isEqualTo(body.at("/usage/completion_tokens").intValue());
        StringBuilder text = new StringBuilder();
        for (JsonNode token : content) {
            text.append(token.get("token").textValue());
            byte[] bytes = new byte[token.get("bytes").size()];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) token.get("bytes").get(i).intValue();
            }
            assertThat(new String(bytes, StandardCharsets.UTF_8))
                    .isEqualTo(token.get("token").textValue());
            JsonNode top = token.get("top_logprobs");
            assertThat(top.size()).isEqualTo(3);
            // Greedy decoding takes the most probable token.
            assertThat(top.get(0).get("token")).isEqualTo(token.get("token"));
            assertThat(top.get(0).get("logprob").doubleValue())
                    .isCloseTo(token.get("logprob").doubleValue(), within(1e-9));
            double total = 0;
            for (JsonNode candidate : top) {
                total += Math.exp(candidate.get("logprob").doubleValue());
            }
            assertThat(total).isLessThan(1 + 1e-6);
        }
        assertThat(text.toString().strip()).isEqualTo(TestServer.MAP_ANSWER);
        ArrayNode streamed = TestServer.JSON.createArrayNode();
        events(request).forEach(event -> event.at("/choices/0/logprobs/content").forEach(streamed::add));
        assertThat(streamed).isEqualTo(content);
        assertThat(answered(TestServer.mapRequest()).at("/choices/0/logprobs").isNull())
                .isTrue();
    }

    @Test
    void logitBiasBansAndForcesTokens() {
        ObjectNode request = TestServer.mapRequest().put("logprobs", true).put("top_logprobs", 1);
        String answer = text(answered(request));
        // The ids of "C" are not known here: ban every token, and the biases cancel out.
        ObjectNode all = request.putObject("logit_bias");
        for (int id = 0; id < 800; id++) {
            all.put(String.valueOf(id), -100);
        }
        assertThat(text(answered(request))).isEqualTo(answer);
        request.putObject("logit_bias").put("7", 100);
        JsonNode forced = answered(request.put("max_tokens", 4));
        assertThat(forced.at("/usage/completion_tokens").intValue()).isEqualTo(4);
        JsonNode content = forced.at("/choices/0/logprobs/content");
        assertThat(content.get(3).get("bytes")).isEqualTo(content.get(0).get("bytes"));
        assertThat(content.get(0).get("logprob").doubleValue())
                .as("log-probabilities are the model's, without the bias")
                .isLessThan(-1);
    }

    @Test
    void penaltiesAndMinPChangeTheSampledTokens() {
        ObjectNode request = TestServer.textRequest("Is it east?")
                .put("temperature", 2)
                .put("seed", 3)
                .put("max_tokens", 60);
        request.putObject("logit_bias").put("2", -100); // no end of the answer
        String plain = text(answered(request));
        assertThat(text(answered(request.deepCopy().put("min_p", 1))))
                .as("min-p of 1 leaves the most probable token")
                .isEqualTo(text(answered(request.deepCopy().put("temperature", 0))));
        assertThat(text(answered(request.deepCopy().put("frequency_penalty", 2))))
                .isNotEqualTo(plain);
        assertThat(text(answered(request.deepCopy().put("presence_penalty", 2))))
                .isNotEqualTo(plain);
        assertThat(text(answered(request.deepCopy()
                        .put("frequency_penalty", 0)
                        .put("presence_penalty", 0.0)
                        .put("min_p", 0))))
                .isEqualTo(plain);
    }
}
