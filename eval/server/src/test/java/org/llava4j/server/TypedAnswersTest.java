package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.StructuredChatCompletion;
import com.openai.models.chat.completions.StructuredChatCompletionCreateParams;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.StructuredResponseCreateParams;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.http.client.jdk.JdkHttpClientBuilder;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.json.JsonEnumSchema;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.openai.OpenAiChatModel;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code response_format} of chat completions: raw, with OpenAI's client and with LangChain4j. */
class TypedAnswersTest {
    private static final SchemaRegistry VALIDATORS =
            SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
    private static final String PLACE = """
            {"type": "object", "properties": {
              "name": {"type": "string", "maxLength": 20}, "direction": {"enum": ["north", "south", "east", "west"]},
              "near": {"type": "array", "items": {"$ref": "#"}, "maxItems": 2}, "distance": {"type": ["number", "null"]},
              "count": {"type": "integer", "minimum": 1, "maximum": 12}},
             "required": ["name", "direction", "near", "distance", "count"], "additionalProperties": false}""";

    @RegisterExtension
    private static final TestServer SERVER = TestServer.trained(TestServer.OPTIONS);

    private static ObjectNode request(String schema, int seed) {
        ObjectNode request = TestServer.textRequest("Is it east?")
                .put("temperature", seed % 3)
                .put("seed", seed)
                .put("max_tokens", 60 + 10 * (seed % 10));
        ObjectNode definition =
                request.putObject("response_format").put("type", "json_schema").putObject("json_schema");
        definition.put("name", "place").put("strict", seed % 2 == 0).set("schema", json(schema));
        return request;
    }

    private static JsonNode json(String text) {
        try {
            return TestServer.JSON.readTree(text);
        } catch (IOException e) {
            throw new AssertionError("not JSON: " + text, e);
        }
    }

    private static JsonNode answered(ObjectNode request) {
        HttpResponse<String> response = SERVER.post(request);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return TestServer.json(response);
    }

    private static void requireValid(String schema, String text) {
        assertThat(VALIDATORS.getSchema(json(schema)).validate(json(text)))
                .as(text)
                .isEmpty();
    }

    @Test
    void concurrentAnswersFitTheirSchema() {
        List<CompletableFuture<JsonNode>> all = IntStream.range(0, 40)
                .mapToObj(seed -> CompletableFuture.supplyAsync(() -> answered(request(PLACE, seed))))
                .toList();
        for (CompletableFuture<JsonNode> one : all) {
            JsonNode choice = one.join().at("/choices/0");
            requireValid(PLACE, choice.at("/message/content").textValue());
            assertThat(choice.get("finish_reason").textValue()).isIn("stop", "length");
        }
    }

    @Test
    void streamsChoicesAndLogprobsFitTheSchema() {
        ObjectNode request = request(PLACE, 4).put("n", 2).put("logprobs", true).put("temperature", 1);
        JsonNode whole = answered(request);
        for (JsonNode choice : whole.get("choices")) {
            String text = choice.at("/message/content").textValue();
            requireValid(PLACE, text);
            StringBuilder tokens = new StringBuilder();
            choice.at("/logprobs/content")
                    .forEach(token -> tokens.append(token.get("token").textValue()));
            assertThat(tokens.toString().strip()).hasSameSizeAs(text);
        }
        StringBuilder streamed = new StringBuilder();
        for (String event :
                SERVER.post(request.deepCopy().put("stream", true)).body().split("\n\n")) {
            if (!event.endsWith("[DONE]")) {
                JsonNode choice = json(event.substring("data: ".length())).at("/choices/0");
                streamed.append(
                        choice.path("index").asInt() == 1
                                ? choice.at("/delta/content").asText("")
                                : "");
            }
        }
        assertThat(streamed).hasToString(whole.at("/choices/1/message/content").textValue());
    }

    @Test
    void templatesStopTextDoesNotCutAnAnswer() {
        JsonNode answer = answered(request("{\"const\": \"a </s> b ### USER:\"}", 0));
        assertThat(answer.at("/choices/0/message/content").textValue()).isEqualTo("\"a </s> b ### USER:\"");
        assertThat(answer.at("/choices/0/finish_reason").textValue()).isEqualTo("stop");
    }

    @Test
    void jsonObjectIsAnyObject() {
        for (int seed = 0; seed < 6; seed++) {
            ObjectNode request = request("{}", seed);
            request.putObject("response_format").put("type", "json_object");
            assertThat(json(answered(request).at("/choices/0/message/content").textValue())
                            .isObject())
                    .isTrue();
        }
        ObjectNode request = TestServer.mapRequest();
        request.putObject("response_format").put("type", "text").putNull("json_schema");
        assertThat(TestServer.answer(SERVER.post(request))).isEqualTo(TestServer.MAP_ANSWER);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'response_format': {'type': 'xml'}} | response_format.type | use text, json_object or json_schema",
                "{'response_format': 'json'} | response_format | must be an object",
                "{'response_format': {'type': 'json_schema'}} | response_format.json_schema | must be an object",
                "{'response_format': {'type': 'json_schema', 'json_schema': {'schema': {}}}} | response_format.json_schema.name | must be a string",
                "{'response_format': {'type': 'json_schema', 'json_schema': {'name': 'a'}}} | response_format.json_schema.schema | must be an object",
                "{'response_format': {'type': 'json_schema', 'json_schema': {'name': 'a', 'schema': {}, 'x': 1}}} | response_format.json_schema.x | unknown",
                "{'response_format': {'type': 'json_schema', 'json_schema': {'name': 'a', 'schema': {'type': 'object', 'properties': {'a': {'type': 'string', 'pattern': 'x'}}}}}} | response_format.json_schema.schema.properties.a.pattern | not supported; remove it",
                "{'response_format': {'type': 'json_schema', 'json_schema': {'type': 'x', 'name': 'a', 'schema': {}}}} | response_format.json_schema.type | unknown",
                "{'response_format': {'type': 'json_schema', 'name': 'a', 'schema': {}}} | response_format.name | unknown",
                "{'response_format': {'type': 'json_schema', 'json_schema': {'name': 'a', 'schema': {}}, 'x': 1}} | response_format.x | unknown",
                "{'response_format': {'type': 'json_object', 'schema': {'type': 'object'}}} | response_format.schema | belongs to the type json_schema",
                "{'response_format': {'type': 'text', 'json_schema': {'name': 'a', 'schema': {}}}} | response_format.json_schema | belongs to the type json_schema",
                "{'response_format': {'type': 'json_object', 'strict': true}} | response_format.strict | belongs to the type json_schema",
                "{'response_format': {'type': 'text', 'x': 1}} | response_format.x | unknown",
                "{'response_format': {'type': 'json_object'}, 'stop': ['}']} | stop | would cut the JSON",
                "{'response_format': {'type': 'json_object'}, 'max_tokens': 1} | max_tokens | raise the maximum number of tokens"
            })
    void invalidFormatsAreRefusedByPath(String fields, String parameter, String problem) {
        ObjectNode request = TestServer.textRequest("Is it east?");
        request.setAll((ObjectNode) json(fields.replace('\'', '"')));
        HttpResponse<String> response = SERVER.post(request);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        JsonNode error = TestServer.json(response).get("error");
        assertThat(error.get("param").textValue()).isEqualTo(parameter);
        assertThat(error.get("message").textValue()).contains(problem);
    }

    @Test
    void assistantMessageCannotBeContinued() {
        ObjectNode request = request(PLACE, 0);
        request.withArray("messages").addObject().put("role", "assistant").put("content", "{");
        HttpResponse<String> response = SERVER.post(request);
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.body()).contains("cannot continue");
    }

    /** Type of an answer for OpenAI's client, which derives a schema from it. */
    static final class Where {
        public String place = "";
        public Optional<Long> distance = Optional.empty();
        public List<Direction> directions = List.of();
    }

    /** Value of an answer. */
    enum Direction {
        NORTH,
        EAST
    }

    private static OpenAIClient openAiClient() {
        return OpenAIOkHttpClient.builder()
                .baseUrl(SERVER.uri("/v1").toString())
                .apiKey("none")
                .maxRetries(0)
                .build();
    }

    @Test
    void openAiClientReadsTypedAnswers() {
        OpenAIClient client = openAiClient();
        try {
            for (int seed = 0; seed < 5; seed++) {
                StructuredChatCompletionCreateParams<Where> params = ChatCompletionCreateParams.builder()
                        .model(TestServer.ID)
                        .addUserMessage("Where is it?")
                        .temperature(1)
                        .seed(seed)
                        .maxCompletionTokens(120)
                        .responseFormat(Where.class)
                        .build();
                StructuredChatCompletion<Where> answer =
                        client.chat().completions().create(params);
                Where where = answer.choices().get(0).message().content().orElseThrow();
                assertThat(where.place).isNotNull();
                assertThat(where.directions).isNotNull().doesNotContainNull();
            }
        } finally {
            client.close();
        }
    }

    @Test
    void openAiClientReadsTypedResponses() {
        OpenAIClient client = openAiClient();
        try {
            StructuredResponseCreateParams<Where> params = ResponseCreateParams.builder()
                    .model(TestServer.ID)
                    .input("Where is it?")
                    .temperature(1)
                    .maxOutputTokens(120)
                    .text(Where.class)
                    .build();
            Where where = client.responses().create(params).output().stream()
                    .flatMap(item -> item.message().stream())
                    .flatMap(message -> message.content().stream())
                    .flatMap(content -> content.outputText().stream())
                    .findFirst()
                    .orElseThrow();
            assertThat(where.place).isNotNull();
            assertThat(where.directions).isNotNull().doesNotContainNull();
        } finally {
            client.close();
        }
    }

    @Test
    void langChain4jGetsTypedAnswers() {
        OpenAiChatModel model = OpenAiChatModel.builder()
                .httpClientBuilder(new JdkHttpClientBuilder())
                .baseUrl(SERVER.uri("/v1").toString())
                .apiKey("none")
                .modelName(TestServer.ID)
                .strictJsonSchema(true)
                .temperature(1.0)
                .maxTokens(100)
                .build();
        JsonSchema schema = JsonSchema.builder()
                .name("Where")
                .rootElement(JsonObjectSchema.builder()
                        .addStringProperty("place")
                        .addIntegerProperty("distance")
                        .addProperty(
                                "direction",
                                JsonEnumSchema.builder()
                                        .enumValues("north", "east")
                                        .build())
                        .required("place", "distance", "direction")
                        .build())
                .build();
        String text = model.chat(dev.langchain4j.model.chat.request.ChatRequest.builder()
                        .messages(UserMessage.from("Where is it?"))
                        .responseFormat(dev.langchain4j.model.chat.request.ResponseFormat.builder()
                                .type(ResponseFormatType.JSON)
                                .jsonSchema(schema)
                                .build())
                        .build())
                .aiMessage()
                .text();
        JsonNode answer = json(text);
        assertThat(answer.get("direction").textValue()).isIn("north", "east");
        assertThat(answer.get("distance").isIntegralNumber()).isTrue();
        assertThat(answer.get("place").isTextual()).isTrue();
    }
}
