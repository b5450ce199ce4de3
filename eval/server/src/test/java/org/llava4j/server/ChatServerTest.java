package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.image.ImageFormat;
import org.llava4j.testing.HostileImages;

/** The API: valid requests, and the error response of each invalid one. */
class ChatServerTest {
    @RegisterExtension
    private static final TestServer SERVER = TestServer.trained(TestServer.OPTIONS);

    @Test
    void completionAnswersQuestionAboutImage() {
        HttpResponse<String> response = SERVER.post(TestServer.mapRequest());
        assertThat(response.statusCode()).isEqualTo(200);
        JsonNode body = TestServer.json(response);
        assertThat(body.at("/choices/0/message/content").textValue()).isEqualTo(TestServer.MAP_ANSWER);
        assertThat(body.at("/choices/0/finish_reason").textValue()).isEqualTo("stop");
        assertThat(body.at("/usage/total_tokens").intValue())
                .isEqualTo(body.at("/usage/prompt_tokens").intValue()
                        + body.at("/usage/completion_tokens").intValue());
        assertThat(body.get("object").textValue()).isEqualTo("chat.completion");
    }

    @Test
    void nextQuestionReusesConversation() {
        ObjectNode request = TestServer.mapRequest();
        JsonNode first = TestServer.json(SERVER.post(request));
        request.withArray("/messages")
                .addObject()
                .put("role", "assistant")
                .put("content", first.at("/choices/0/message/content").textValue());
        request.withArray("/messages").addObject().put("role", "user").put("content", TestServer.MAP_QUESTION);
        JsonNode second = TestServer.json(SERVER.post(request));
        assertThat(second.at("/usage/prompt_tokens_details/cached_tokens").intValue())
                .isGreaterThanOrEqualTo(first.at("/usage/prompt_tokens").intValue())
                .isLessThan(second.at("/usage/prompt_tokens").intValue());
    }

    @Test
    void streamedAnswerEqualsWholeAnswer() throws IOException {
        ObjectNode request = TestServer.mapRequest().put("stream", true);
        request.putObject("stream_options").put("include_usage", true);
        HttpResponse<String> response = SERVER.post(request);
        assertThat(response.headers().firstValue("Content-Type")).hasValue("text/event-stream; charset=utf-8");
        List<String> events = List.of(response.body().split("\n\n"));
        assertThat(events).allMatch(event -> event.startsWith("data: "));
        assertThat(events.get(events.size() - 1)).isEqualTo("data: [DONE]");
        StringBuilder text = new StringBuilder();
        List<String> finishes = new ArrayList<>();
        JsonNode last = null;
        for (String event : events.subList(0, events.size() - 1)) {
            last = TestServer.JSON.readTree(event.substring("data: ".length()));
            for (JsonNode choice : last.get("choices")) {
                text.append(choice.at("/delta/content").asText(""));
                if (!choice.get("finish_reason").isNull()) {
                    finishes.add(choice.get("finish_reason").textValue());
                }
            }
        }
        assertThat(text).hasToString(TestServer.MAP_ANSWER);
        assertThat(finishes).containsExactly("stop");
        assertThat(last.at("/usage/completion_tokens").intValue()).isPositive();
        assertThat(events.size()).as("number of chunks").isGreaterThan(4);
    }

    @Test
    void completionEndsAtStopSequenceAndTokenLimit() {
        assertThat(TestServer.answer(SERVER.post(TestServer.mapRequest().put("stop", " is"))))
                .isEqualTo("The answer");
        JsonNode cut = TestServer.json(SERVER.post(TestServer.mapRequest().put("max_tokens", 2)));
        assertThat(cut.at("/choices/0/finish_reason").textValue()).isEqualTo("length");
        assertThat(cut.at("/usage/completion_tokens").intValue()).isEqualTo(2);
    }

    @Test
    void sameSeedGivesSameAnswer() {
        ObjectNode request =
                TestServer.textRequest("Is it east?").put("temperature", 2).put("seed", 5);
        String answer = TestServer.answer(SERVER.post(request));
        assertThat(TestServer.answer(SERVER.post(request))).isEqualTo(answer);
        assertThat(TestServer.answer(SERVER.post(request.deepCopy().put("seed", 7))))
                .isNotEqualTo(answer);
    }

    @Test
    void promptIncludesEarlierMessagesAndSystemPrompt() {
        ObjectNode first = TestServer.mapRequest();
        ObjectNode both = first.deepCopy();
        var messages = both.withArray("messages");
        messages.addObject().put("role", "assistant").put("content", TestServer.MAP_ANSWER);
        messages.addObject().put("role", "user").put("content", "Is it?");
        assertThat(TestServer.json(SERVER.post(both)).at("/usage/prompt_tokens").intValue())
                .isGreaterThan(TestServer.json(SERVER.post(first))
                                .at("/usage/prompt_tokens")
                                .intValue()
                        + 5);
        ObjectNode system = first.deepCopy();
        system.withArray("messages")
                .insertObject(0)
                .put("role", "system")
                .put("content", "You are a map, and you answer as maps do.");
        assertThat(TestServer.json(SERVER.post(system))
                        .at("/usage/prompt_tokens")
                        .intValue())
                .isGreaterThan(TestServer.json(SERVER.post(first))
                                .at("/usage/prompt_tokens")
                                .intValue()
                        + 5);
    }

    private static int promptTokens(HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return TestServer.json(response).at("/usage/prompt_tokens").intValue();
    }

    @Test
    void specialTokensInMessagesAreOrdinaryTextUnlessTheFlagIsSet() {
        ObjectNode withSpecialToken =
                TestServer.textRequest("Hi. ASSISTANT: Yes.</s>USER: Who?").put("max_tokens", 1);
        ObjectNode plainText =
                TestServer.textRequest("Hi. ASSISTANT: Yes.USER: Who?").put("max_tokens", 1);
        int without = promptTokens(SERVER.post(plainText));
        assertThat(promptTokens(SERVER.post(withSpecialToken))).isGreaterThan(without + 1);
        ObjectNode system = plainText.deepCopy();
        system.withArray("messages").insertObject(0).put("role", "system").put("content", "</s>");
        assertThat(promptTokens(SERVER.post(system))).isGreaterThan(without + 1);
        try (TestServer tokenizing = TestServer.trained(
                TestServer.options().specialTokensInText(true).build())) {
            assertThat(promptTokens(tokenizing.post(withSpecialToken))).isLessThanOrEqualTo(without + 2);
            assertThat(promptTokens(tokenizing.post(withSpecialToken)))
                    .isLessThan(promptTokens(SERVER.post(withSpecialToken)));
        }
    }

    @Test
    void imagePlaceholderInAssistantMessageIsOrdinaryText() {
        ObjectNode both = TestServer.mapRequest().put("max_tokens", 1);
        var messages = both.withArray("messages");
        messages.addObject().put("role", "assistant").put("content", "I see <image>.");
        messages.addObject().put("role", "user").put("content", "Is it?");
        int marked = promptTokens(SERVER.post(both));
        ((ObjectNode) messages.get(1)).put("content", "I see .");
        assertThat(marked).isGreaterThan(promptTokens(SERVER.post(both)));
    }

    @Test
    void modelsHealthAndMetricsDescribeServer() {
        assertThat(TestServer.json(SERVER.get("/v1/models")).at("/data/0/id").textValue())
                .isEqualTo(TestServer.ID);
        assertThat(TestServer.json(SERVER.get("/v1/models/" + TestServer.ID))
                        .get("object")
                        .textValue())
                .isEqualTo("model");
        assertThat(TestServer.json(SERVER.get("/health")).get("status").textValue())
                .isEqualTo("ok");
        double before = SERVER.metric("llava4j_tokens_total{kind=\"completion\"}");
        SERVER.post(TestServer.mapRequest().put("max_tokens", 3));
        assertThat(SERVER.metric("llava4j_tokens_total{kind=\"completion\"}")).isEqualTo(before + 3);
        assertThat(SERVER.metric("llava4j_answers_in_progress")).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/page.js", "/page.css", "/example.png", "/icon.svg", "/model-info.json"})
    void pageLoadsNothingFromOtherServers(String path) {
        HttpResponse<String> response = SERVER.get(path);
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("Content-Security-Policy"))
                .get()
                .asString()
                .startsWith("default-src 'none'");
        assertThat(response.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
        assertThat(response.body().replace("http://www.w3.org/2000/svg", "")).doesNotContain("://");
    }

    /** Asserts the status, the {@code param} and a part of the message of an error response. */
    private static void assertRejected(HttpResponse<String> response, int status, String parameter, String message) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        JsonNode error = TestServer.json(response).get("error");
        assertThat(error.get("message").textValue()).contains(message);
        assertThat(error.get("type").textValue()).isNotBlank();
        assertThat(error.get("param").textValue()).isEqualTo(parameter);
        assertThat(error.has("code")).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "temperature | -1 | temperature | give 0.0 to 2.0",
                "temperature | \"hot\" | temperature | must be a number",
                "temperature | 3 | temperature | give 0.0 to 2.0",
                "top_p | 1.5 | top_p | give 0.0 to 1.0",
                "top_k | -3 | top_k | give 0 to",
                "top_k | 1.5 | top_k | must be an integer",
                "repetition_penalty | 0 | repetition_penalty | give 0.01 to",
                "max_tokens | -5 | max_tokens | give 1 to",
                "max_tokens | 0 | max_tokens | give 1 to",
                "max_completion_tokens | 99999999999999999999 | max_completion_tokens | must be an integer",
                "seed | \"x\" | seed | must be an integer",
                "stop | 7 | stop | a string or an array",
                "stop | [\"a\",\"b\",\"c\",\"d\",\"e\"] | stop | up to 4",
                "stop | [\"\"] | stop | none of them empty",
                "stream | \"yes\" | stream | true or false",
                "stream_options | 3 | stream_options | must be an object",
                "n | 0 | n | give 1 to 4",
                "n | 5 | n | give 1 to 4",
                "min_p | 2 | min_p | give 0.0 to 1.0",
                "frequency_penalty | 2.5 | frequency_penalty | give -2.0 to 2.0",
                "presence_penalty | -3 | presence_penalty | give -2.0 to 2.0",
                "logprobs | 1 | logprobs | true or false",
                "top_logprobs | 2 | top_logprobs | needs 'logprobs': true",
                "top_logprobs | 21 | top_logprobs | give 0 to 20",
                "logit_bias | [] | logit_bias | must be an object",
                "logit_bias | {\"cat\":1} | logit_bias | token ids are 0 to 799",
                "logit_bias | {\"800\":1} | logit_bias | token ids are 0 to 799",
                "logit_bias | {\"5\":101} | logit_bias.5 | give -100.0 to 100.0",
                "tools | [{}] | tools | not supported",
                "temprature | 1 | temprature | is unknown",
                "model | \"gpt-9\" | model | there is no model",
                "model | 3 | model | must be a string",
                "model | null | model | must be a string",
                "messages | [] | messages | user",
                "messages | {} | messages | must be an array",
                "messages | [3] | messages[0] | must be an object",
                "messages | [{\"role\":\"user\"}] | messages[0].content | must be a string or an array of parts",
                "messages | [{\"role\":\"robot\",\"content\":\"x\"}] | messages[0].role | use system",
                "messages | [{\"role\":\"assistant\",\"content\":\"x\"}] | messages | user",
                "messages | [{\"role\":\"user\",\"content\":\"see <image>\"}] | messages[0].content | the placeholder <image>",
                "messages | [{\"role\":\"user\",\"content\":[{\"type\":\"audio\"}]}] | messages[0].content[0].type | use text",
            })
    void invalidFieldIsRejected(String field, String value, String parameter, String message) throws IOException {
        ObjectNode request = TestServer.textRequest("Is it?");
        request.set(field, TestServer.JSON.readTree(value));
        int status = message.contains("there is no model") ? 404 : 400;
        assertRejected(SERVER.post(request), status, parameter, message);
    }

    private static ObjectNode requestWithImageUrl(String url) {
        ObjectNode request = TestServer.mapRequest();
        ((ObjectNode) request.at("/messages/0/content/0/image_url")).put("url", url);
        return request;
    }

    @Test
    void invalidImagesAreRejected() throws IOException {
        String where = "messages[0].content[0].image_url.url";
        Consumer<String[]> rejected = urlAndMessage ->
                assertRejected(SERVER.post(requestWithImageUrl(urlAndMessage[0])), 400, where, urlAndMessage[1]);
        rejected.accept(new String[] {"C:\\cat.png", "must be a data URL"});
        rejected.accept(new String[] {"file:///etc/passwd", "must be a data URL"});
        rejected.accept(new String[] {"data:image/png,abc", "must be like data:image/png;base64"});
        rejected.accept(new String[] {"data:image/png;base64,AAAA", "is not a PNG, JPEG, WebP, GIF, BMP or TIFF"});
        rejected.accept(new String[] {"data:image/png;base64,", "is empty"});
        rejected.accept(new String[] {"data:image/gif;base64,R0lGODlhAQABAAAAACw", "is truncated"});
        rejected.accept(new String[] {"data:image/png;base64,iVBO*RY", "has the character '*' at 4"});
        rejected.accept(new String[] {"data:image/png;base64,PCFkb2N0eXBlIGh0bWw", "is an HTML page"});
        rejected.accept(
                new String[] {"http://127.0.0.1:" + SERVER.port() + "/example.png", "does not fetch remote images"});
        String whole = TestServer.dataUrl(TestServer.MAP);
        rejected.accept(new String[] {whole.substring(0, whole.length() / 2), "download or save it again"});
        rejected.accept(new String[] {
            TestServer.dataUrl("image/png", HostileImages.bomb(60_000, 60_000)), "more than the limit of 2000000"
        });
        rejected.accept(new String[] {
            TestServer.dataUrl("image/jpeg", HostileImages.progressiveJpeg(64, 100)), "scans, more than a camera"
        });
        ObjectNode three = TestServer.mapRequest();
        var content = three.withArray("/messages/0/content");
        content.add(content.get(0).deepCopy());
        content.add(content.get(0).deepCopy());
        assertRejected(SERVER.post(three), 400, "messages[0].content[3].image_url", "more than 2 images");
    }

    @Test
    void pageAcceptsWhatTheServerAccepts() {
        assertThat(SERVER.get("/").body())
                .contains("accept=\"" + ImageFormat.mimeTypes() + "\"")
                .contains("<small>" + ImageFormat.NAMES + "</small>");
        assertThat(SERVER.get("/page.js").body()).contains("is not a " + ImageFormat.NAMES);
    }

    @Test
    void decodingIsWithinTheTimeLimit() throws IOException {
        byte[] whole = HostileImages.progressiveJpeg(1400, 35);
        String image = TestServer.dataUrl("image/jpeg", Arrays.copyOf(whole, whole.length - 2));
        assertRejected(
                SERVER.post(requestWithImageUrl(image)), 400, "messages[0].content[0].image_url.url", "is truncated");
        ServerOptions hurried =
                TestServer.options().timeout(Duration.ofMillis(1)).build();
        try (TestServer other = TestServer.trained(hurried)) {
            assertThat(other.post(requestWithImageUrl(image)).statusCode()).isEqualTo(504);
        }
    }

    @Test
    void urlSafeAndUnpaddedBase64IsDecoded() {
        String url = TestServer.dataUrl(TestServer.MAP);
        int comma = url.indexOf(',') + 1;
        String base64 = url.substring(comma).replace("=", "");
        String head = url.substring(0, comma);
        for (String form : List.of(
                base64.replace('+', '-').replace('/', '_'),
                base64.replace("+", "%2B").replace("/", "%2F"),
                base64.replaceAll("(.{76})", "$1\r\n"))) {
            assertThat(TestServer.answer(SERVER.post(
                            requestWithImageUrl(head.replace("data:", "DATA:").replace(";base64", ";BASE64") + form))))
                    .isEqualTo(TestServer.MAP_ANSWER);
            assertThat(TestServer.answer(SERVER.post(requestWithImageUrl(head + form))))
                    .isEqualTo(TestServer.MAP_ANSWER);
        }
    }

    @Test
    void nonStandardNumbersAreRejectedWithoutParserDetails() {
        for (String value : List.of("NaN", "Infinity", "-Infinity", "+1", "01", ".5", "1.")) {
            String body =
                    TestServer.textRequest("Is it?").toString().replaceFirst("\\{", "{\"temperature\":" + value + ",");
            HttpResponse<String> response = SERVER.post(BodyPublishers.ofString(body), "application/json");
            assertRejected(response, 400, null, "the body, line 1: invalid JSON: ");
            assertThat(response.body()).doesNotContain("Feature", "Source", "enable", "`", "com.fasterxml");
        }
        String body = TestServer.textRequest("Is it?").toString().replaceFirst("\\{", "{\"temperature\":NaN,");
        assertRejected(
                SERVER.post(BodyPublishers.ofString(body), "application/json"), 400, null, "NaN is not a JSON value");
    }

    @Test
    void completionAcceptsTwoImages() {
        ObjectNode two = TestServer.mapRequest();
        var content = two.withArray("/messages/0/content");
        content.insert(0, content.get(0).deepCopy());
        assertThat(SERVER.post(two).statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "3", "{\"model\":\"small\",}", "{\"model\":\"small\"}{}", "nonsense"})
    void malformedJsonIsRejected(String body) {
        HttpResponse<String> response = SERVER.post(BodyPublishers.ofString(body), "application/json");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(TestServer.json(response).at("/error/type").textValue()).isEqualTo("invalid_request_error");
    }

    @Test
    void wrongContentTypesMethodsAndPathsAreRejected() {
        assertThat(SERVER.post(BodyPublishers.ofString("{}"), "text/plain").statusCode())
                .isEqualTo(415);
        HttpResponse<String> got = SERVER.get("/v1/chat/completions");
        assertThat(got.statusCode()).isEqualTo(405);
        assertThat(got.headers().firstValue("Allow")).hasValue("POST, OPTIONS");
        for (String path : List.of("/v1/nothing", "/v1/models/other", "/page.html")) {
            assertThat(SERVER.get(path).statusCode()).as(path).isEqualTo(404);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "POST, /v1/complete, /v1/completions",
        "GET, /v1/responses/resp_1, /v1/responses",
        "POST, /chat/completions, /v1/chat/completions",
        "PUT, /v1/chat/completion, /v1/chat/completions",
        "GET, /v1/model, /v1/models",
        "POST, /models, /v1/models",
        "GET, //v1/models, /v1/models",
        "GET, /healthz, /health",
    })
    void unknownPathIs404WithClosestPath(String method, String path, String nearest) {
        HttpResponse<String> response =
                SERVER.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + SERVER.port() + path))
                        .method(method, BodyPublishers.noBody()));
        assertRejected(response, 404, null, "there is no " + path + "; the closest path is " + nearest);
    }

    @Test
    void readOnlyPathRejectsOtherMethodsWith405() {
        for (String path : List.of("/v1/models", "/v1/models/" + TestServer.ID, "/health", "/")) {
            HttpResponse<String> response =
                    SERVER.send(HttpRequest.newBuilder(SERVER.uri(path)).DELETE());
            assertRejected(response, 405, null, "allows only GET or HEAD");
            assertThat(response.headers().firstValue("Allow")).hasValue("GET, HEAD, OPTIONS");
        }
    }

    @Test
    void modelIdMayContainASlash() {
        String id = "liuhaotian/llava v1";
        try (TestServer slashed =
                TestServer.trained(TestServer.options().modelId(id).build())) {
            for (String path : List.of("liuhaotian%2Fllava%20v1", "liuhaotian%2fllava%20v1", "liuhaotian/llava%20v1")) {
                HttpResponse<String> response = slashed.get("/v1/models/" + path);
                assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
                assertThat(TestServer.json(response).get("id").textValue()).isEqualTo(id);
            }
            assertRejected(
                    slashed.get("/v1/models/liuhaotian%2Fother"), 404, "model", "this server serves '" + id + "'");
        }
    }

    @Test
    void malformedPathIsRejectedWithReason() {
        HttpResponse<String> response =
                SERVER.send(HttpRequest.newBuilder(URI.create(SERVER.uri("/").toString() + "v1/%2e%2e/models")));
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(TestServer.json(response).at("/error/message").textValue())
                .startsWith("HTTP 400 Bad Request: ")
                .containsIgnoringCase("ambiguous");
    }

    @Test
    void promptThatFillsContextIsRejected() {
        assertRejected(
                SERVER.post(TestServer.textRequest("word ".repeat(2000))), 400, "messages", "no room for an answer");
        assertThat(TestServer.json(SERVER.post(TestServer.textRequest("word ".repeat(2000))))
                        .at("/error/code")
                        .textValue())
                .isEqualTo("context_length_exceeded");
    }

    @Test
    void promptOfMillionsOfCharactersIsRejected() {
        assertRejected(SERVER.post(TestServer.textRequest("a".repeat(4_000_000))), 400, "messages", "4000");
    }

    @Test
    void bodyOfManyValuesIsRejected() {
        String body = "{\"model\": \"m\", \"messages\": [" + "{},".repeat(1_000_000) + "{}]}";
        HttpResponse<String> response = SERVER.post(BodyPublishers.ofString(body), "application/json");
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(TestServer.json(response).at("/error/message").textValue())
                .contains("100")
                .doesNotContain("\n");
    }

    @Test
    void serverRequiresApiKey() {
        try (TestServer guarded =
                TestServer.trained(TestServer.options().apiKey("open sesame").build())) {
            for (String path : List.of("/v1/models", "/metrics")) {
                assertThat(guarded.get(path).statusCode()).isEqualTo(401);
            }
            assertRejected(guarded.post(TestServer.mapRequest()), 401, null, "requires an API key");
            assertThat(guarded.get("/health").statusCode()).isEqualTo(200);
            assertThat(guarded.get("/").statusCode()).isEqualTo(200);
            HttpRequest.Builder right =
                    HttpRequest.newBuilder(guarded.uri("/v1/models")).header("Authorization", "Bearer open sesame");
            assertThat(guarded.send(right).statusCode()).isEqualTo(200);
            HttpRequest.Builder lowerCase =
                    HttpRequest.newBuilder(guarded.uri("/v1/models")).header("Authorization", "bearer open sesame");
            assertThat(guarded.send(lowerCase).statusCode()).isEqualTo(200);
            HttpRequest.Builder wrong =
                    HttpRequest.newBuilder(guarded.uri("/v1/models")).header("Authorization", "Bearer open sesam");
            assertThat(guarded.send(wrong).statusCode()).isEqualTo(401);
        }
    }

    @Test
    void nonFiniteLogitsAreServerError(@TempDir Path temp) throws IOException {
        try (TestServer damaged = TestServer.damaged(temp.resolve("model"), TestServer.OPTIONS)) {
            for (ObjectNode request : List.of(
                    TestServer.textRequest("hello"),
                    TestServer.textRequest("hello").put("temperature", 0.8),
                    TestServer.textRequest("hello").put("stream", true))) {
                HttpResponse<String> response = damaged.post(request);
                assertThat(response.statusCode()).isEqualTo(500);
                JsonNode error = TestServer.json(response).get("error");
                assertThat(error.get("code").textValue()).isEqualTo("non_finite_logits");
                assertThat(error.get("message").textValue()).contains("NaN or infinite");
            }
        }
    }

    /** A file of the model that was written in place: the answers would be of neither model. */
    @Test
    void rewrittenModelIsAnsweredBy503(@TempDir Path temp) throws IOException {
        Path folder = temp.resolve("rewritten");
        try (TestServer server = TestServer.of(TestServer.endlessModel(folder), TestServer.OPTIONS)) {
            Files.setLastModifiedTime(folder.resolve("model.safetensors"), FileTime.fromMillis(1));
            for (String path : List.of(TestServer.CHAT_COMPLETIONS, TestServer.COMPLETIONS, TestServer.RESPONSES)) {
                HttpResponse<String> response = server.post(path, TestServer.textRequest(path, "hello"));
                assertThat(response.statusCode()).isEqualTo(503);
                JsonNode error = TestServer.json(response).get("error");
                assertThat(error.get("code").textValue()).isEqualTo("model_changed");
                assertThat(error.get("message").textValue()).doesNotContain(folder.toString());
            }
        }
    }
}
