package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code POST /v1/responses} over plain HTTP: responses, the order of their events, and refused requests. */
class ResponsesTest {
    @RegisterExtension
    private static final TestServer SERVER = TestServer.trained(TestServer.OPTIONS);

    private static JsonNode answered(JsonNode request) {
        HttpResponse<String> response = SERVER.post(TestServer.RESPONSES, request);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return TestServer.json(response);
    }

    private static String text(JsonNode response) {
        return response.at("/output/0/content/0/text").textValue();
    }

    /** The data of each event, whose type equals the event's name. */
    private static List<JsonNode> events(HttpResponse<String> response) throws IOException {
        assertThat(response.headers().firstValue("Content-Type")).hasValue("text/event-stream; charset=utf-8");
        List<JsonNode> events = new ArrayList<>();
        for (String event : response.body().split("\n\n")) {
            assertThat(event).startsWith("event: ");
            int end = event.indexOf('\n');
            JsonNode data = TestServer.JSON.readTree(event.substring(end + 1 + "data: ".length()));
            assertThat(data.get("type").textValue()).isEqualTo(event.substring("event: ".length(), end));
            assertThat(data.get("sequence_number").intValue()).isEqualTo(events.size());
            events.add(data);
        }
        return events;
    }

    private static List<JsonNode> events(ObjectNode request) throws IOException {
        return events(SERVER.post(TestServer.RESPONSES, request.deepCopy().put("stream", true)));
    }

    private static List<String> types(List<JsonNode> events) {
        return events.stream().map(event -> event.get("type").textValue()).toList();
    }

    @Test
    void responseHasAnswerUsageAndSettings() {
        ObjectNode request = TestServer.mapInput().put("store", false);
        request.putObject("metadata").put("topic", "maps");
        JsonNode response = answered(request);
        assertThat(text(response)).isEqualTo(TestServer.MAP_ANSWER);
        assertThat(response.get("object").textValue()).isEqualTo("response");
        assertThat(response.get("status").textValue()).isEqualTo("completed");
        assertThat(response.at("/output/0/role").textValue()).isEqualTo("assistant");
        assertThat(response.at("/output/0/status").textValue()).isEqualTo("completed");
        assertThat(response.at("/metadata/topic").textValue()).isEqualTo("maps");
        assertThat(response.get("store").booleanValue()).isFalse();
        assertThat(response.get("temperature").doubleValue()).isZero();
        assertThat(response.at("/text/format/type").textValue()).isEqualTo("text");
        JsonNode usage = response.get("usage");
        assertThat(usage.get("total_tokens").intValue())
                .isEqualTo(usage.get("input_tokens").intValue()
                        + usage.get("output_tokens").intValue());
        assertThat(usage.get("output_tokens").intValue()).isEqualTo(5);
    }

    @Test
    void streamHasTypedEventsInOrder() throws IOException {
        List<JsonNode> events = events(TestServer.mapInput());
        List<String> types = types(events);
        int deltas = types.size() - 8;
        assertThat(deltas).isGreaterThan(2);
        List<String> expected = new ArrayList<>(List.of(
                "response.created",
                "response.in_progress",
                "response.output_item.added",
                "response.content_part.added"));
        for (int i = 0; i < deltas; i++) {
            expected.add("response.output_text.delta");
        }
        expected.addAll(List.of(
                "response.output_text.done",
                "response.content_part.done",
                "response.output_item.done",
                "response.completed"));
        assertThat(types).isEqualTo(expected);
        StringBuilder text = new StringBuilder();
        events.forEach(event -> text.append(event.path("delta").asText("")));
        assertThat(text).hasToString(TestServer.MAP_ANSWER);
        JsonNode last = events.get(events.size() - 1).get("response");
        assertThat(text(last)).isEqualTo(TestServer.MAP_ANSWER);
        JsonNode first = events.get(0).get("response");
        assertThat(first.get("status").textValue()).isEqualTo("in_progress");
        assertThat(first.get("output")).isEmpty();
        assertThat(first.get("usage").isNull()).isTrue();
        assertThat(first.get("id")).isEqualTo(last.get("id"));
        assertThat(events.get(5).get("item_id")).isEqualTo(last.at("/output/0/id"));
    }

    @Test
    void answerThatReachesLimitIsIncomplete() throws IOException {
        ObjectNode request = TestServer.mapInput().put("max_output_tokens", 2);
        JsonNode response = answered(request);
        assertThat(response.get("status").textValue()).isEqualTo("incomplete");
        assertThat(response.at("/incomplete_details/reason").textValue()).isEqualTo("max_output_tokens");
        assertThat(response.at("/output/0/status").textValue()).isEqualTo("incomplete");
        assertThat(response.at("/usage/output_tokens").intValue()).isEqualTo(2);
        List<String> types = types(events(request));
        assertThat(types.get(types.size() - 1)).isEqualTo("response.incomplete");
    }

    @Test
    void responsePromptEqualsThatOfChatCompletion() {
        ObjectNode chat = TestServer.mapRequest();
        chat.withArray("messages").insertObject(0).put("role", "system").put("content", "You read maps.");
        ObjectNode request = TestServer.mapInput().put("instructions", "You read maps.");
        JsonNode response = answered(request);
        JsonNode completion = TestServer.json(SERVER.post(chat));
        assertThat(text(response))
                .isEqualTo(completion.at("/choices/0/message/content").textValue());
        assertThat(response.at("/usage/input_tokens")).isEqualTo(completion.at("/usage/prompt_tokens"));
        assertThat(answered(TestServer.textRequest(TestServer.RESPONSES, "Is it?"))
                        .at("/usage/input_tokens"))
                .isEqualTo(TestServer.json(SERVER.post(TestServer.textRequest("Is it?")))
                        .at("/usage/prompt_tokens"));
    }

    @Test
    void outputItemsAreNextInput() {
        ObjectNode request = TestServer.mapInput();
        JsonNode first = answered(request);
        first.get("output").forEach(request.withArray("input")::add);
        request.withArray("input")
                .addObject()
                .put("type", "message")
                .put("role", "user")
                .put("content", TestServer.MAP_QUESTION);
        JsonNode second = answered(request);
        assertThat(second.at("/usage/input_tokens_details/cached_tokens").intValue())
                .isGreaterThanOrEqualTo(first.at("/usage/input_tokens").intValue())
                .isLessThan(second.at("/usage/input_tokens").intValue());
    }

    @Test
    void includedLogprobsListTheTokensOfTheAnswer() throws IOException {
        ObjectNode request = TestServer.mapInput().put("top_logprobs", 2);
        request.putArray("include").add("message.output_text.logprobs");
        JsonNode logprobs = answered(request).at("/output/0/content/0/logprobs");
        assertThat(logprobs).hasSize(5);
        assertThat(logprobs.get(0).get("top_logprobs")).hasSize(2);
        List<JsonNode> streamed = new ArrayList<>();
        for (JsonNode event : events(request)) {
            if (event.get("type").textValue().equals("response.output_text.delta")) {
                event.get("logprobs").forEach(streamed::add);
            }
        }
        assertThat(streamed)
                .hasSizeLessThanOrEqualTo(5)
                .allSatisfy(token -> assertThat(logprobs).contains(token));
        assertThat(answered(TestServer.mapInput()).at("/output/0/content/0/logprobs"))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "previous_response_id | \"resp_1\" | previous_response_id | this server stores no responses; send its items",
                "conversation | \"conv_1\" | conversation | this server stores no responses",
                "store | true | store | must be false or absent",
                "background | true | background | not supported",
                "prompt | {\"id\":\"p\"} | prompt | not supported",
                "truncation | \"auto\" | truncation | must be \"disabled\"",
                "context_management | [{}] | context_management | not supported",
                "moderation | {} | moderation | not supported",
                "image | {} | image | not supported",
                "reasoning | {\"effort\":\"high\"} | reasoning | does not reason",
                "tools | [{}] | tools | not supported",
                "tool_choice | \"required\" | tool_choice | not supported",
                "text | {\"format\":{\"type\":\"xml\"}} | text.format.type | use text, json_object or json_schema",
                "text | {\"format\":{\"type\":\"json_schema\"}} | text.format.name | must be a string",
                "text | {\"format\":{\"type\":\"json_schema\",\"name\":\"a\",\"schema\":{\"type\":\"string\",\"pattern\":\"a\"}}} | text.format.schema.pattern | not supported",
                "text | {\"format\":{\"type\":\"json_schema\",\"name\":\"a\",\"schema\":{},\"json_schema\":{}}} | text.format.json_schema | is unknown",
                "text | {\"format\":{\"type\":\"json_object\",\"schema\":{\"type\":\"object\"}}} | text.format.schema | belongs to the type json_schema",
                "text | {\"format\":{\"type\":\"text\",\"name\":\"a\",\"schema\":{}}} | text.format.schema | belongs to the type json_schema",
                "text | {\"format\":{\"type\":\"text\",\"size\":1}} | text.format.size | is unknown",
                "text | {\"verbosity\":\"low\"} | text.verbosity | not supported",
                "text | {\"size\":3} | text.size | is unknown",
                "text | [] | text | must be an object",
                "include | [\"reasoning.encrypted_content\"] | include | for message.output_text.logprobs only",
                "top_logprobs | 2 | top_logprobs | needs 'include'",
                "top_logprobs | 21 | top_logprobs | give 0 to 20",
                "stream_options | {\"include_obfuscation\":true} | stream_options.include_obfuscation | not supported",
                "stream_options | {\"include_usage\":true} | stream_options.include_usage | is unknown",
                "max_output_tokens | 0 | max_output_tokens | give 1 to",
                "max_tokens | 3 | max_tokens | is unknown",
                "temperature | 3 | temperature | give 0.0 to 2.0",
                "metadata | {\"a\":3} | metadata.a | must be a string",
                "metadata | [] | metadata | must be an object",
                "instructions | [] | instructions | must be a string",
                "model | \"gpt-9\" | model | there is no model",
                "input | 3 | input | must be a string or an array of messages",
                "input | null | input | must be a string or an array of messages",
                "input | [] | input | must have the role user",
                "input | [3] | input[0] | must be an object",
                "input | \"see <image>\" | input | send input_image instead",
                "input | [{\"type\":\"item_reference\",\"id\":\"msg_1\"}] | input[0].type | stores no items",
                "input | [{\"type\":\"function_call\"}] | input[0].type | runs no tools",
                "input | [{\"role\":\"user\",\"content\":[{\"type\":\"input_file\"}]}] | input[0].content[0].type | use input_text or input_image",
                "input | [{\"role\":\"system\",\"content\":[{\"type\":\"input_image\"}]}] | input[0].content[0].type | only user messages",
                "input | [{\"role\":\"user\",\"content\":[{\"type\":\"output_text\"}]}] | input[0].content[0].type | use input_text",
                "input | [{\"role\":\"user\",\"content\":[{\"type\":\"input_image\",\"file_id\":\"f\"}]}] | input[0].content[0].file_id | as a data URL",
                "input | [{\"role\":\"user\",\"content\":[{\"type\":\"input_image\"}]}] | input[0].content[0].image_url | must be a string",
                "input | [{\"role\":\"user\",\"content\":[{\"type\":\"input_image\",\"image_url\":\"http://a/b\"}]}] | input[0].content[0].image_url | as a data URL",
            })
    void invalidFieldIsRejected(String field, String value, String parameter, String message) throws IOException {
        ObjectNode request = TestServer.textRequest(TestServer.RESPONSES, "Is it?");
        request.set(field, TestServer.JSON.readTree(value));
        HttpResponse<String> response = SERVER.post(TestServer.RESPONSES, request);
        assertThat(response.statusCode()).as(response.body()).isBetween(400, 404);
        JsonNode error = TestServer.json(response).get("error");
        assertThat(error.get("message").textValue()).contains(message);
        assertThat(error.get("param").textValue()).isEqualTo(parameter);
    }

    @Test
    void answerFitsFormat() throws IOException {
        ObjectNode request = TestServer.textRequest(TestServer.RESPONSES, "Is it east?")
                .put("temperature", 2)
                .put("max_output_tokens", 60);
        ObjectNode format = request.putObject("text").putObject("format");
        format.put("type", "json_schema").put("name", "way");
        format.putObject("schema")
                .put("type", "object")
                .putObject("properties")
                .putObject("direction")
                .putArray("enum")
                .add("east")
                .add("west");
        format.withObject("/schema").putArray("required").add("direction");
        for (int seed = 0; seed < 5; seed++) {
            JsonNode response = answered(request.put("seed", seed));
            assertThat(TestServer.JSON.readTree(text(response)).get("direction").textValue())
                    .isIn("east", "west");
            assertThat(response.at("/text/format")).isEqualTo(format);
        }
        List<JsonNode> events = events(request);
        assertThat(TestServer.JSON.readTree(text(events.get(events.size() - 1).get("response"))))
                .hasSize(1);
        assertThat(SERVER.post(TestServer.RESPONSES, request.deepCopy().put("stop", "e"))
                        .body())
                .contains("'stop' would cut the JSON of 'text.format'");
        assertThat(SERVER.post(TestServer.RESPONSES, request.deepCopy().put("max_output_tokens", 1))
                        .body())
                .contains("\"param\":\"max_output_tokens\"");
        format.put("description", "d".repeat(100_001));
        assertThat(SERVER.post(TestServer.RESPONSES, request).body())
                .contains("'text.format' has more than 100000 characters");
    }

    @Test
    void repeatedFieldsHaveLimits() {
        ObjectNode request = TestServer.textRequest(TestServer.RESPONSES, "Is it?");
        assertThat(SERVER.post(TestServer.RESPONSES, request.deepCopy().put("user", "u".repeat(513)))
                        .body())
                .contains("'user' has 513 characters");
        ObjectNode metadata = request.putObject("metadata");
        for (int i = 0; i < 17; i++) {
            metadata.put("name" + i, "value");
        }
        assertThat(SERVER.post(TestServer.RESPONSES, request).body()).contains("may have 16 names");
    }

    @Test
    void promptThatFillsContextIsRejectedBeforeStream() {
        ObjectNode request = TestServer.textRequest(TestServer.RESPONSES, "word ".repeat(2000))
                .put("stream", true);
        HttpResponse<String> response = SERVER.post(TestServer.RESPONSES, request);
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(TestServer.json(response).at("/error/code").textValue()).isEqualTo("context_length_exceeded");
        assertThat(TestServer.json(response).at("/error/param").textValue()).isEqualTo("input");
    }

    @Test
    void interruptedStreamEndsWithErrorEvent(@TempDir Path temp) throws Exception {
        ServerOptions options = TestServer.options().maxNewTokens(30_000).build();
        TestServer endless = TestServer.endless(temp.resolve("model"), options);
        ObjectNode request =
                TestServer.textRequest(TestServer.RESPONSES, "Go on").put("stream", true);
        CompletableFuture<HttpResponse<String>> running =
                CompletableFuture.supplyAsync(() -> endless.post(TestServer.RESPONSES, request));
        while (endless.metric("llava4j_time_to_first_text_seconds_count") == 0) {
            Thread.sleep(20);
        }
        endless.close();
        List<JsonNode> events = events(running.get());
        JsonNode last = events.get(events.size() - 1);
        assertThat(types(events)).contains("response.output_text.delta").doesNotContain("response.completed");
        assertThat(last.get("type").textValue()).isEqualTo("error");
        assertThat(last.get("code").textValue()).isEqualTo("server_stopping");
        assertThat(last.get("message").textValue()).contains("stopped before the answer was complete");
        assertThat(last.get("error").get("code")).isEqualTo(last.get("code"));
    }
}
