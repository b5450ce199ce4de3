package org.llava4j.server;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.image.RgbImage;
import org.llava4j.testing.FuzzOracle;
import org.llava4j.testing.FuzzSeeds;

/** Fuzz target: bodies of the endpoints that generate answers. The first byte of an input selects the endpoint. */
class RequestFuzzTargetTest {
    private static final AnswerEndpoint[] ENDPOINTS = AnswerEndpoint.values();
    private static final int VOCABULARY = 1000;
    private static final ImageRef IMAGE = new ImageRef.InMemory(new RgbImage(1, 1, new byte[3]));
    private static final FuzzOracle ORACLE = new FuzzOracle(ApiException.class, "", 200);

    static Stream<Arguments> seeds() {
        String image = "data:image/png;base64,AAAA";
        return FuzzSeeds.texts(
                "0{\"model\":\"small\",\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"},{\"role\":\"user\","
                        + "\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"" + image
                        + "\"}},{\"type\":\"text\",\"text\":\"What?\"}]}],\"max_tokens\":5,\"temperature\":0.5,\"n\":2,"
                        + "\"stop\":[\".\"],\"seed\":1,\"logprobs\":true,\"top_logprobs\":2,\"stream\":true,"
                        + "\"stream_options\":{\"include_usage\":true},\"logit_bias\":{\"5\":-1}}",
                "0{\"model\":\"small\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"response_format\":"
                        + "{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"strict\":true,\"schema\":"
                        + "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},\"required\":[\"a\"],"
                        + "\"additionalProperties\":false}}}}",
                "1{\"model\":\"small\",\"prompt\":[\"a\",\"b\"],\"max_tokens\":3,\"echo\":true,\"logprobs\":1,\"n\":2,"
                        + "\"best_of\":2,\"suffix\":null,\"frequency_penalty\":1,\"presence_penalty\":-1}",
                "1{\"model\":\"small\",\"prompt\":[1,2,3],\"top_p\":0.9,\"top_k\":5}",
                "2{\"model\":\"small\",\"input\":[{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":"
                        + "\"input_text\",\"text\":\"What?\"},{\"type\":\"input_image\",\"image_url\":\"" + image
                        + "\"}]}],\"instructions\":\"Look.\",\"max_output_tokens\":5,\"metadata\":{\"a\":\"b\"},"
                        + "\"include\":[\"message.output_text.logprobs\"],\"top_logprobs\":1,\"store\":false,"
                        + "\"text\":{\"format\":{\"type\":\"json_object\"}}}");
    }

    @MethodSource("seeds")
    @FuzzTest
    void parse(byte[] bytes) throws Exception {
        if (bytes.length == 0) {
            return;
        }
        AnswerEndpoint endpoint = ENDPOINTS[Math.floorMod(bytes[0] - '0', ENDPOINTS.length)];
        ORACLE.accepts(() -> {
            try {
                AnswerRequest request = endpoint.parse(
                        json(Arrays.copyOfRange(bytes, 1, bytes.length)),
                        TestServer.OPTIONS,
                        VOCABULARY,
                        (url, parameter) -> IMAGE);
                if (request.choices() < 1 || request.choices() > TestServer.OPTIONS.maxConcurrentRequests()) {
                    throw new AssertionError(request.choices() + " choices");
                }
            } catch (ApiException e) {
                if (e.status() < 400 || e.status() > 499) {
                    throw new AssertionError("status " + e.status(), e);
                }
                throw e;
            }
        });
    }

    private static JsonNode json(byte[] bytes) {
        try (RequestBody body = new RequestBody(bytes, new RequestMemoryBudget().reserve("fuzz"))) {
            return body.json();
        }
    }
}
