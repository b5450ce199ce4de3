package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Fields inside of messages, their parts and options: which are ignored, and which are refused. */
class MessageFieldsTest {
    @RegisterExtension
    private static final TestServer SERVER = TestServer.trained(TestServer.OPTIONS);

    private static JsonNode json(String text) throws IOException {
        return TestServer.JSON.readTree(text.replace('\'', '"'));
    }

    private static JsonNode answered(String endpoint, ObjectNode request) {
        HttpResponse<String> response = SERVER.post(endpoint, request);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return TestServer.json(response);
    }

    private static ObjectNode with(String endpoint, String field, String value) throws IOException {
        ObjectNode request = TestServer.textRequest(endpoint, "Is it east?");
        request.set(field, json(value));
        return request;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[{'role': 'user', 'name': 'ada', 'content': 'Is it east?'}]",
                "[{'role': 'user', 'content': [{'type': 'text', 'text': 'Is it east?', 'prompt_cache_breakpoint': {}}]}]"
            })
    void chatIgnoresFieldsWithoutEffect(String messages) throws IOException {
        JsonNode plain = answered(TestServer.CHAT_COMPLETIONS, TestServer.textRequest("Is it east?"));
        JsonNode answer =
                answered(TestServer.CHAT_COMPLETIONS, with(TestServer.CHAT_COMPLETIONS, "messages", messages));
        assertThat(answer.at("/choices/0/message")).isEqualTo(plain.at("/choices/0/message"));
        assertThat(answer.at("/usage/prompt_tokens")).isEqualTo(plain.at("/usage/prompt_tokens"));
    }

    @Test
    void chatReadsItsOwnMessagesAndThoseOfOpenAi() throws IOException {
        JsonNode question = json("{'role': 'user', 'content': 'Is it east?'}");
        ObjectNode plain = TestServer.textRequest("Is it?");
        plain.putArray("messages")
                .add(question)
                .add(json("{'role': 'assistant', 'content': 'No.'}"))
                .add(question);
        ObjectNode whole = plain.deepCopy();
        whole.withArray("messages")
                .set(
                        1,
                        json(
                                "{'role': 'assistant', 'content': 'No.', 'refusal': null, 'annotations': [], 'audio': null,"
                                        + " 'function_call': null, 'tool_calls': [], 'name': 'a'}"));
        assertThat(answered(TestServer.CHAT_COMPLETIONS, whole).at("/choices/0/message"))
                .isEqualTo(answered(TestServer.CHAT_COMPLETIONS, plain).at("/choices/0/message"));
        ObjectNode next = plain.deepCopy();
        next.withArray("messages")
                .set(
                        1,
                        answered(
                                        TestServer.CHAT_COMPLETIONS,
                                        TestServer.textRequest("Is it?").put("max_tokens", 9))
                                .at("/choices/0/message"));
        answered(TestServer.CHAT_COMPLETIONS, next);
    }

    @Test
    void detailOfImagesIsIgnored() {
        ObjectNode chat = TestServer.mapRequest();
        ((ObjectNode) chat.at("/messages/0/content/0/image_url")).put("detail", "low");
        assertThat(TestServer.answer(SERVER.post(chat))).isEqualTo(TestServer.MAP_ANSWER);
    }

    @Test
    void optionsWithDefaultsAreAccepted() throws IOException {
        for (String endpoint : new String[] {TestServer.CHAT_COMPLETIONS, TestServer.COMPLETIONS}) {
            ObjectNode request = TestServer.textRequest(endpoint, "Is it east?").put("max_tokens", 5);
            request.set("stream_options", json("{'include_usage': false, 'include_obfuscation': false}"));
            answered(endpoint, request);
        }
        answered(
                TestServer.CHAT_COMPLETIONS,
                TestServer.textRequest("Is it?").put("max_tokens", 5).put("max_completion_tokens", 5));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "messages | [{'role': 'user', 'content': 'a', 'contnet': 'b'}] | messages[0].contnet | is unknown",
                "messages | [{'role': 'user', 'content': 'a', 'tool_calls': []}] | messages[0].tool_calls | is unknown",
                "messages | [{'role': 'system', 'content': 'a', 'images': []}] | messages[0].images | is unknown",
                "messages | [{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': '', 'tool_calls': [{'id': 'c'}]}] | messages[1].tool_calls | calls no tools",
                "messages | [{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': null, 'tool_calls': [{'id': 'c'}]}] | messages[1].tool_calls | calls no tools",
                "messages | [{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': '', 'function_call': {'name': 'f'}}] | messages[1].function_call | calls no tools",
                "messages | [{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': '', 'audio': {'id': 'a'}}] | messages[1].audio | not supported",
                "messages | [{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': '', 'refusal': 'no'}] | messages[1].refusal | in 'content'",
                "messages | [{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': '', 'reasoning': 'no'}] | messages[1].reasoning | is unknown",
                "messages | [{'role': 'tool', 'content': 'a', 'tool_call_id': 'c'}] | messages[0].role | use system",
                "messages | [{'role': 'user', 'content': [{'type': 'text', 'text': 'a', 'txet': 'b'}]}] | messages[0].content[0].txet | is unknown",
                "messages | [{'role': 'user', 'content': [{'type': 'image_url', 'image_url': 'data:', 'url': 'b'}]}] | messages[0].content[0].url | is unknown",
                "messages | [{'role': 'user', 'content': [{'type': 'image_url', 'image_url': {'url': 'data:', 'crop': 1}}]}] | messages[0].content[0].image_url.crop | is unknown",
                "stream_options | {'include_usage': true, 'inculde_usage': true} | stream_options.inculde_usage | is unknown",
                "stream_options | {'include_obfuscation': true} | stream_options.include_obfuscation | not supported",
                "max_tokens | 7 | max_tokens | differs from 'max_completion_tokens'",
                "max_tokens | 'x' | max_tokens | must be an integer",
            })
    void chatRefusesFieldsWithEffect(String field, String value, String parameter, String problem) throws IOException {
        ObjectNode request = with(TestServer.CHAT_COMPLETIONS, field, value);
        assertRefused(TestServer.CHAT_COMPLETIONS, request.put("max_completion_tokens", 5), parameter, problem);
    }

    @Test
    void completionsRefuseUnknownStreamOptions() throws IOException {
        ObjectNode request = with(TestServer.COMPLETIONS, "stream_options", "{'usage': true}");
        assertRefused(TestServer.COMPLETIONS, request, "stream_options.usage", "is unknown");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[{'role': 'user', 'content': 'a', 'name': 'b'}] | input[0].name | is unknown",
                "[{'role': 'user', 'content': 'a', 'tool_calls': [{}]}] | input[0].tool_calls | is unknown",
                "[{'role': 'user', 'content': [{'type': 'input_text', 'text': 'a', 'annotations': []}]}] | input[0].content[0].annotations | is unknown",
                "[{'role': 'user', 'content': [{'type': 'input_image', 'image_url': 'data:', 'crop': 1}]}] | input[0].content[0].crop | is unknown",
                "[{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': [{'type': 'output_text', 'text': 'a', 'refusal': 'b'}]}] | input[1].content[0].refusal | is unknown",
                "[{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': [{'type': 'refusal', 'refusal': 'b'}]}] | input[1].content[0].type | use output_text",
            })
    void responsesRefuseFieldsWithEffect(String input, String parameter, String problem) throws IOException {
        assertRefused(TestServer.RESPONSES, with(TestServer.RESPONSES, "input", input), parameter, problem);
    }

    @Test
    void responsesIgnoreFieldsWithoutEffect() throws IOException {
        String plain = "[{'role': 'user', 'content': [{'type': 'input_text', 'text': 'Is it east?'}]},"
                + " {'role': 'assistant', 'content': [{'type': 'output_text', 'text': 'No.'}]},"
                + " {'role': 'user', 'content': 'Is it?'}]";
        String whole = plain.replace(
                        "'text': 'Is it east?'",
                        "'text': 'Is it east?', 'prompt_cache_breakpoint': {'mode': 'explicit'}")
                .replace("'text': 'No.'", "'text': 'No.', 'annotations': [], 'logprobs': []")
                .replace(
                        "'role': 'assistant'",
                        "'type': 'message', 'id': 'msg_1', 'status': 'completed', 'phase': 'final_answer', 'role': 'assistant'");
        assertThat(answered(TestServer.RESPONSES, with(TestServer.RESPONSES, "input", whole))
                        .at("/output/0/content"))
                .isEqualTo(answered(TestServer.RESPONSES, with(TestServer.RESPONSES, "input", plain))
                        .at("/output/0/content"));
    }

    private static void assertRefused(String endpoint, ObjectNode request, String parameter, String problem) {
        HttpResponse<String> response = SERVER.post(endpoint, request);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        JsonNode error = TestServer.json(response).get("error");
        assertThat(error.get("param").textValue()).isEqualTo(parameter);
        assertThat(error.get("message").textValue()).contains(problem);
    }
}
