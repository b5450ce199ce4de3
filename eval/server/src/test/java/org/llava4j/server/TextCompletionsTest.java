package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code POST /v1/completions} over plain HTTP: continued texts and refused requests. */
class TextCompletionsTest {
    private static final String QUESTION = "Is it east?";

    @RegisterExtension
    private static final TestServer SERVER = TestServer.trained(TestServer.OPTIONS);

    private static ObjectNode request(String... prompts) {
        ObjectNode request = TestServer.JSON.createObjectNode().put("model", TestServer.ID);
        if (prompts.length == 1) {
            return request.put("prompt", prompts[0]);
        }
        for (String prompt : prompts) {
            request.withArray("prompt").add(prompt);
        }
        return request;
    }

    private static JsonNode answered(JsonNode request) {
        HttpResponse<String> response = SERVER.post(TestServer.COMPLETIONS, request);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return TestServer.json(response);
    }

    private static List<String> texts(JsonNode body) {
        List<String> texts = new ArrayList<>();
        for (JsonNode choice : body.get("choices")) {
            assertThat(choice.get("index").intValue()).isEqualTo(texts.size());
            texts.add(choice.get("text").textValue());
        }
        return texts;
    }

    private static List<JsonNode> events(ObjectNode request) throws IOException {
        HttpResponse<String> response =
                SERVER.post(TestServer.COMPLETIONS, request.deepCopy().put("stream", true));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.body()).endsWith("data: [DONE]\n\n");
        List<JsonNode> events = new ArrayList<>();
        for (String event : response.body().split("\n\n")) {
            if (!event.endsWith("[DONE]")) {
                events.add(TestServer.JSON.readTree(event.substring("data: ".length())));
            }
        }
        return events;
    }

    @Test
    void completionContinuesTextWithoutTemplate() {
        JsonNode body = answered(request(QUESTION));
        assertThat(body.get("object").textValue()).isEqualTo("text_completion");
        int tokens = body.at("/usage/prompt_tokens").intValue();
        assertThat(tokens)
                .as("no template around the prompt")
                .isLessThan(TestServer.json(SERVER.post(TestServer.textRequest(QUESTION)))
                        .at("/usage/prompt_tokens")
                        .intValue());
        assertThat(body.at("/usage/completion_tokens").intValue())
                .as("OpenAI's default of max_tokens")
                .isLessThanOrEqualTo(16);
        assertThat(body.at("/choices/0/text").textValue()).isNotEmpty();
    }

    @Test
    void continuationKeepsItsWhitespace() {
        String text =
                texts(answered(request("The answer").put("max_tokens", 1))).get(0);
        assertThat(text).startsWith(" ");
        String next = texts(answered(request("The answer" + text).put("max_tokens", 1)))
                .get(0);
        assertThat(texts(answered(request("The answer").put("max_tokens", 2)))).containsExactly(text + next);
    }

    @Test
    void eachPromptIsAnsweredAsAlone() {
        List<String> alone = new ArrayList<>();
        int tokens = 0;
        for (String prompt : List.of("The answer", QUESTION)) {
            ObjectNode one = request(prompt).put("n", 2).put("temperature", 2).put("seed", 7);
            JsonNode body = answered(one);
            alone.addAll(texts(body));
            tokens += body.at("/usage/prompt_tokens").intValue();
        }
        ObjectNode both = request("The answer", QUESTION)
                .put("n", 2)
                .put("temperature", 2)
                .put("seed", 7);
        JsonNode body = answered(both);
        assertThat(texts(body)).isEqualTo(alone).doesNotHaveDuplicates();
        assertThat(body.at("/usage/prompt_tokens").intValue()).isEqualTo(tokens);
    }

    @Test
    void streamedTextsEqualWholeOnes() throws IOException {
        ObjectNode request = request("The answer", QUESTION).put("logprobs", 2);
        request.putObject("stream_options").put("include_usage", true);
        JsonNode whole = answered(request);
        List<JsonNode> events = events(request);
        for (int i = 0; i < 2; i++) {
            StringBuilder text = new StringBuilder();
            List<String> finishes = new ArrayList<>();
            List<Integer> offsets = new ArrayList<>();
            for (JsonNode event : events) {
                for (JsonNode choice : event.get("choices")) {
                    if (choice.get("index").intValue() == i) {
                        text.append(choice.get("text").textValue());
                        choice.at("/logprobs/text_offset").forEach(offset -> offsets.add(offset.intValue()));
                        if (!choice.get("finish_reason").isNull()) {
                            finishes.add(choice.get("finish_reason").textValue());
                        }
                    }
                }
            }
            JsonNode expected = whole.get("choices").get(i);
            assertThat(text).hasToString(expected.get("text").textValue());
            assertThat(finishes).containsExactly(expected.get("finish_reason").textValue());
            assertThat(offsets)
                    .hasSameSizeAs(expected.at("/logprobs/text_offset"))
                    .first()
                    .isEqualTo(i == 0 ? "The answer".length() : QUESTION.length());
        }
        assertThat(events.get(events.size() - 1).at("/usage/completion_tokens"))
                .isEqualTo(whole.at("/usage/completion_tokens"));
    }

    @Test
    void logprobsListTokensWithOffsets() {
        ObjectNode request = request("The answer").put("logprobs", 3).put("max_tokens", 5);
        JsonNode body = answered(request);
        JsonNode logprobs = body.at("/choices/0/logprobs");
        String text = "The answer" + body.at("/choices/0/text").textValue();
        for (int i = 0; i < logprobs.get("tokens").size(); i++) {
            String token = logprobs.get("tokens").get(i).textValue();
            int offset = logprobs.get("text_offset").get(i).intValue();
            assertThat(text.substring(offset)).startsWith(token);
            JsonNode top = logprobs.get("top_logprobs").get(i);
            assertThat(top.size()).isBetween(1, 4);
            assertThat(top.get(token)).isEqualTo(logprobs.get("token_logprobs").get(i));
        }
        assertThat(answered(request("The answer")).at("/choices/0/logprobs").isNull())
                .isTrue();
        assertThat(answered(request("The answer").put("logprobs", 0)).at("/choices/0/logprobs/top_logprobs/0"))
                .hasSize(1);
    }

    @Test
    void stopSequenceEndsText() {
        String text =
                texts(answered(request("The answer").put("max_tokens", 12))).get(0);
        String stop = text.substring(3, 5);
        JsonNode stopped = answered(request("The answer").put("max_tokens", 12).put("stop", stop));
        assertThat(texts(stopped)).containsExactly(text.substring(0, text.indexOf(stop)));
        assertThat(stopped.at("/choices/0/finish_reason").textValue()).isEqualTo("stop");
    }

    @Test
    void specialTokensAndPlaceholdersAreOrdinaryTextByDefault() {
        int plain = answered(request("Yes.</s>")).at("/usage/prompt_tokens").intValue();
        try (TestServer tokenizing = TestServer.trained(
                TestServer.options().specialTokensInText(true).build())) {
            assertThat(TestServer.json(tokenizing.post(TestServer.COMPLETIONS, request("Yes.</s>")))
                            .at("/usage/prompt_tokens")
                            .intValue())
                    .isLessThan(plain);
        }
        assertThat(answered(request("See <image> here"))
                        .at("/usage/prompt_tokens")
                        .intValue())
                .as("an image has more tokens")
                .isLessThan(40);
        assertThat(texts(answered(request("")))).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "prompt | null | prompt | must be a string or an array of strings",
                "prompt | [] | prompt | at least one",
                "prompt | [1,2] | prompt | must be a string or an array of strings",
                "prompt | [[1],[2]] | prompt | must be a string or an array of strings",
                "prompt | {} | prompt | must be a string or an array of strings",
                "prompt | [\"a\",\"b\",\"c\",\"d\",\"e\"] | prompt | runs 4 at a time",
                "n | 5 | n | give 1 to 4",
                "echo | true | echo | not supported",
                "best_of | 2 | best_of | not supported",
                "suffix | \"end\" | suffix | not supported",
                "logprobs | 6 | logprobs | give 0 to 5",
                "logprobs | true | logprobs | must be an integer",
                "max_tokens | 0 | max_tokens | give 1 to",
                "temperature | 3 | temperature | give 0.0 to 2.0",
                "messages | [] | messages | is unknown",
                "model | \"gpt-9\" | model | there is no model",
            })
    void invalidFieldIsRejected(String field, String value, String parameter, String message) throws IOException {
        ObjectNode request = request(QUESTION);
        request.set(field, TestServer.JSON.readTree(value));
        HttpResponse<String> response = SERVER.post(TestServer.COMPLETIONS, request);
        assertThat(response.statusCode()).as(response.body()).isBetween(400, 404);
        JsonNode error = TestServer.json(response).get("error");
        assertThat(error.get("message").textValue()).contains(message);
        assertThat(error.get("param").textValue()).isEqualTo(parameter);
    }

    @Test
    void promptThatFillsContextIsRejected() {
        HttpResponse<String> response = SERVER.post(TestServer.COMPLETIONS, request(QUESTION, "word ".repeat(2000)));
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(TestServer.json(response).at("/error/code").textValue()).isEqualTo("context_length_exceeded");
        assertThat(TestServer.json(response).at("/error/param").textValue()).isEqualTo("prompt");
    }
}
