package org.llava4j.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.llava4j.data.BadInputException;
import org.llava4j.model.chat.Answer;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.chat.PendingAnswer;
import org.llava4j.model.generate.NonFiniteLogitsException;

/**
 * What both chat models do: submit a request, and convert answers and errors.
 *
 * @param modelName the only model name that requests may have
 * @param parameters defaults of a request's parameters
 */
record ChatBackend(
        LlavaModel model,
        String modelName,
        ChatRequestParameters parameters,
        List<ChatModelListener> listeners,
        long seed) {
    /** Answers can be constrained to a JSON schema. */
    static final Set<Capability> CAPABILITIES = Set.of(Capability.RESPONSE_FORMAT_JSON_SCHEMA);

    static final ModelProvider PROVIDER = ModelProvider.OTHER;

    /**
     * Submits a request.
     *
     * @param onText receives the answer's text on the model's thread
     * @throws LangChain4jException if the request is invalid or asks for what the model does not have
     */
    PendingAnswer submit(ChatRequest request, Consumer<String> onText) {
        String name = request.modelName();
        if (name != null && !name.equals(modelName)) {
            throw new ModelNotFoundException("there is no model '" + name + "'; this one is '" + modelName + "'");
        }
        try {
            return model.submit(
                    ConversationMapper.map(request.messages(), model),
                    ParameterMapper.map(request.parameters(), seed),
                    onText);
        } catch (RuntimeException e) {
            throw converted(e);
        }
    }

    /** Waits for an answer. */
    ChatResponse await(PendingAnswer pending) {
        try {
            return response(model.await(pending));
        } catch (RuntimeException e) {
            throw converted(e);
        }
    }

    ChatResponse response(Answer answer) {
        FinishReason finish = switch (answer.finishReason()) {
            case STOP -> FinishReason.STOP;
            case LENGTH -> FinishReason.LENGTH;
            case CANCELLED -> FinishReason.OTHER;
        };
        return ChatResponse.builder()
                .aiMessage(AiMessage.from(answer.text()))
                .metadata(ChatResponseMetadata.builder()
                        .modelName(modelName)
                        .tokenUsage(new TokenUsage(answer.promptTokens(), answer.newTokens()))
                        .finishReason(finish)
                        .build())
                .build();
    }

    /** LangChain4j's exception for one of LLaVA4J; any other exception is unchanged. */
    static RuntimeException converted(RuntimeException failure) {
        RuntimeException cause =
                failure instanceof CompletionException && failure.getCause() instanceof RuntimeException inner
                        ? inner
                        : failure;
        if (cause instanceof NonFiniteLogitsException) {
            return new LangChain4jException(cause.getMessage(), cause);
        }
        return cause instanceof BadInputException ? new InvalidRequestException(cause.getMessage(), cause) : cause;
    }
}
