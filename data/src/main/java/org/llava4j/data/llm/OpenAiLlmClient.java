package org.llava4j.data.llm;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiChatRequestParameters;
import dev.langchain4j.model.openai.OpenAiChatResponseMetadata;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonErrorMessage;
import org.llava4j.data.JsonInput;
import org.llava4j.data.llm.RequestFailedException.FailureAction;

/** Any endpoint that speaks OpenAI's chat protocol, by LangChain4j; without streaming, and without its retries. */
public final class OpenAiLlmClient implements LlmClient {
    /** Where the key is looked for. */
    public static final String KEY_VARIABLE = "OPENAI_API_KEY";

    private static final int MAX_REASON_LENGTH = 200;

    // Shorter keys, such as the "none" of a local server, may be words.
    private static final int MIN_SECRET_LENGTH = 8;

    private final OpenAiChatModel model;
    private final String baseUrl;
    private final String key;

    /**
     * @param baseUrl such as {@code https://api.openai.com/v1}
     * @param key empty for none; it goes nowhere but into the requests' header
     * @param timeout for a whole answer
     * @throws BadInputException if the address is none
     */
    public OpenAiLlmClient(String baseUrl, String key, Duration timeout) {
        requireAddress(baseUrl);
        if (!key.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw new BadInputException(
                    "the key in " + KEY_VARIABLE + " has characters that a header cannot hold; set it again");
        }
        this.baseUrl = baseUrl;
        this.key = key;
        model = OpenAiChatModel.builder()
                .httpClientBuilder(new JdkHttpClientAdapter.Builder())
                .baseUrl(baseUrl)
                .apiKey(key.isEmpty() ? null : key)
                .timeout(timeout)
                .maxRetries(0)
                .build();
    }

    private static void requireAddress(String baseUrl) {
        try {
            URI uri = new URI(baseUrl);
            boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
            if (!http || uri.getHost() == null) {
                throw new BadInputException(
                        "--base-url " + baseUrl + " is no http address; write it as https://api.openai.com/v1");
            }
            if (uri.getUserInfo() != null || uri.getQuery() != null) {
                throw new BadInputException("--base-url holds more than an address (a user, or what follows a \"?\");"
                        + " a key belongs into the environment variable " + KEY_VARIABLE);
            }
        } catch (URISyntaxException e) {
            throw new BadInputException("--base-url is no address: " + e.getReason(), e);
        }
    }

    @Override
    public LlmAnswer complete(LlmRequest call) throws RequestFailedException, InterruptedException {
        ChatResponse response;
        try {
            response = model.chat(request(call));
        } catch (RuntimeException e) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            throw failure(e);
        }
        TokenUsage usage = response.tokenUsage();
        String text = response.aiMessage().text();
        return new LlmAnswer(
                text == null ? "" : withoutKey(text),
                finish(response),
                String.valueOf(response.modelName()),
                usage == null || usage.inputTokenCount() == null ? -1 : usage.inputTokenCount(),
                usage == null || usage.outputTokenCount() == null ? -1 : usage.outputTokenCount());
    }

    private static ChatRequest request(LlmRequest call) {
        ChatParameters settings = call.settings();
        return ChatRequest.builder()
                .messages(call.messages().stream()
                        .map(message -> switch (message.role()) {
                            case SYSTEM -> SystemMessage.from(message.text());
                            case USER -> UserMessage.from(message.text());
                            case ASSISTANT -> AiMessage.from(message.text());
                        })
                        .toList())
                .parameters(OpenAiChatRequestParameters.builder()
                        .modelName(settings.model())
                        .temperature(settings.temperature())
                        .topP(settings.topP())
                        .maxOutputTokens(settings.maxTokens())
                        .build())
                .build();
    }

    /** The finish reason as the endpoint wrote it; LangChain4j's own drops what it does not know. */
    private static String finish(ChatResponse response) {
        if (response.metadata() instanceof OpenAiChatResponseMetadata metadata && metadata.rawHttpResponse() != null) {
            byte[] body = metadata.rawHttpResponse().body().getBytes(StandardCharsets.UTF_8);
            try {
                return JsonInput.tree(body).at("/choices/0/finish_reason").asText("");
            } catch (IOException e) {
                // Not as strict JSON as ours; LangChain4j has read it.
            }
        }
        FinishReason reason = response.finishReason();
        return reason == null ? "" : reason.name().toLowerCase(Locale.ROOT);
    }

    private RequestFailedException failure(RuntimeException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof HttpStatusException http) {
                return status(http);
            }
            if (cause instanceof ConnectException) {
                return new RequestFailedException(
                        "cannot connect to " + baseUrl, FailureAction.RETRY, false, Optional.empty());
            }
            if (cause instanceof HttpTimeoutException) {
                return new RequestFailedException(cause.getMessage(), FailureAction.RETRY, true, Optional.empty());
            }
            if (cause instanceof JsonProcessingException json) {
                return new RequestFailedException(
                        shortened("the answer is broken JSON: " + JsonErrorMessage.of(json)),
                        FailureAction.RETRY,
                        true,
                        Optional.empty());
            }
            if (cause instanceof ErrorResponseException) {
                return new RequestFailedException(
                        shortened("the endpoint answered with an error: " + cause.getMessage()),
                        FailureAction.RETRY,
                        true,
                        Optional.empty());
            }
            if (cause instanceof IOException) {
                return new RequestFailedException(
                        shortened("the connection broke: " + cause.getMessage()),
                        FailureAction.RETRY,
                        true,
                        Optional.empty());
            }
        }
        return new RequestFailedException(
                shortened("the answer has not the protocol's form: " + e.getMessage()),
                FailureAction.RETRY,
                true,
                Optional.empty());
    }

    private RequestFailedException status(HttpStatusException e) {
        int status = e.statusCode();
        String said = ErrorBody.message(String.valueOf(e.getMessage())).strip();
        String reason = shortened("status " + status + (said.isEmpty() ? "" : ": " + said));
        boolean empty = String.valueOf(e.getMessage()).contains("insufficient_quota");
        FailureAction remedy;
        if (status == 401 || status == 403 || status == 404 || (status == 429 && empty)) {
            remedy = FailureAction.ABORT;
        } else if (status == 408 || status == 409 || status == 425 || status == 429 || status >= 500) {
            remedy = FailureAction.RETRY;
        } else {
            remedy = FailureAction.REJECT;
        }
        // A gateway gave up on a model that may have answered and counted.
        boolean mayBeCharged = status == 502 || status == 504;
        return new RequestFailedException(reason, remedy, mayBeCharged, e.retryAfter());
    }

    private String shortened(String reason) {
        String line = withoutKey(reason).replaceAll("[\\s\\p{Cntrl}]+", " ").strip();
        return line.length() <= MAX_REASON_LENGTH ? line : line.substring(0, MAX_REASON_LENGTH) + " ...";
    }

    /** An endpoint, or a proxy before it, may repeat the key in what it says. */
    private String withoutKey(String text) {
        return key.length() < MIN_SECRET_LENGTH ? text : text.replace(key, "[key]");
    }
}
