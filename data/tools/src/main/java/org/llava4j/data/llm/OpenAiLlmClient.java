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
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonErrorMessage;
import org.llava4j.data.JsonInput;
import org.llava4j.data.llm.RequestFailedException.FailureAction;

/**
 * Client of an OpenAI-compatible chat API, based on LangChain4j; without streaming, and without LangChain4j's retries.
 */
public final class OpenAiLlmClient implements LlmClient {
    /** Environment variable that holds the key. */
    public static final String KEY_VARIABLE = "OPENAI_API_KEY";

    private static final int MAX_REASON_LENGTH = 200;

    // Shorter keys, such as "none" for a local server, may be ordinary words.
    private static final int MIN_SECRET_LENGTH = 8;

    private final OpenAiChatModel model;
    private final String baseUrl;
    private final String key;

    /**
     * Creates a client.
     *
     * @param baseUrl such as {@code https://api.openai.com/v1}
     * @param key empty for none; it is sent in the request header and written nowhere
     * @param timeout of a whole answer
     * @throws BadInputException if the base URL or the key is invalid
     */
    OpenAiLlmClient(String baseUrl, String key, Duration timeout) {
        requireAddress(baseUrl);
        if (!key.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw new BadInputException(
                    "the key in " + KEY_VARIABLE + " has characters that are invalid in a header; set it again");
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
                        "--base-url " + baseUrl + " is not an HTTP URL; write it as https://api.openai.com/v1");
            }
            if (uri.getUserInfo() != null || uri.getQuery() != null) {
                throw new BadInputException("--base-url has a user or a query (\"?...\");"
                        + " remove it and set the key in the environment variable " + KEY_VARIABLE);
            }
        } catch (URISyntaxException e) {
            throw new BadInputException("--base-url is not a URL: " + e.getReason(), e);
        }
    }

    @Override
    public LlmAnswer complete(LlmRequest request) throws RequestFailedException, InterruptedException {
        ChatResponse response;
        try {
            response = model.chat(chatRequest(request));
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

    private static ChatRequest chatRequest(LlmRequest request) {
        ChatParameters settings = request.settings();
        return ChatRequest.builder()
                .messages(request.messages().stream()
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

    /** Returns the finish reason as the endpoint wrote it; LangChain4j drops unknown ones. */
    private static String finish(ChatResponse response) {
        if (response.metadata() instanceof OpenAiChatResponseMetadata metadata && metadata.rawHttpResponse() != null) {
            byte[] body = metadata.rawHttpResponse().body().getBytes(StandardCharsets.UTF_8);
            try {
                return JsonInput.tree(body).at("/choices/0/finish_reason").asText("");
            } catch (IOException e) {
                // Not strict JSON; LangChain4j's parser accepted it.
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
                return new RequestFailedException("cannot connect to " + baseUrl, FailureAction.RETRY, false, null);
            }
            if (cause instanceof HttpTimeoutException || cause instanceof LimitedBody.TooLargeException) {
                return withoutAnswer(String.valueOf(cause.getMessage()));
            }
            if (cause instanceof JsonProcessingException json) {
                return withoutAnswer(shortened("the answer is malformed JSON: " + JsonErrorMessage.of(json)));
            }
            if (cause instanceof ErrorResponseException) {
                return withoutAnswer(shortened("the endpoint answered with an error: " + cause.getMessage()));
            }
            if (cause instanceof IOException) {
                return withoutAnswer(shortened("the connection broke: " + cause.getMessage()));
            }
        }
        return withoutAnswer(shortened("the answer does not conform to OpenAI's API: " + e.getMessage()));
    }

    /** The failure of a request that the endpoint may have processed. */
    private static RequestFailedException withoutAnswer(String reason) {
        return new RequestFailedException(reason, FailureAction.RETRY, true, null);
    }

    private RequestFailedException status(HttpStatusException e) {
        int status = e.statusCode();
        String message = ErrorBody.message(String.valueOf(e.getMessage())).strip();
        String reason = shortened("status " + status + (message.isEmpty() ? "" : ": " + message));
        boolean quotaExhausted = String.valueOf(e.getMessage()).contains("insufficient_quota");
        FailureAction action;
        if (status == 401 || status == 403 || status == 404 || (status == 429 && quotaExhausted)) {
            action = FailureAction.ABORT;
        } else if (status == 408 || status == 409 || status == 425 || status == 429 || status >= 500) {
            action = FailureAction.RETRY;
        } else {
            action = FailureAction.REJECT;
        }
        // The gateway timed out, but the model may have answered and charged.
        boolean mayBeCharged = status == 502 || status == 504;
        return new RequestFailedException(reason, action, mayBeCharged, e.retryAfter());
    }

    private String shortened(String reason) {
        String line = withoutKey(reason).replaceAll("[\\s\\p{Cntrl}]+", " ").strip();
        return line.length() <= MAX_REASON_LENGTH ? line : line.substring(0, MAX_REASON_LENGTH) + " ...";
    }

    /** Removes the key, which an endpoint or a proxy may repeat in a message. */
    private String withoutKey(String text) {
        return key.length() < MIN_SECRET_LENGTH ? text : text.replace(key, "[key]");
    }
}
