package org.llava4j.langchain4j;

import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import dev.langchain4j.model.chat.request.ToolChoice;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.SamplingOptions;
import org.llava4j.model.generate.SamplingOptions.Penalties;

/** Maps the parameters of a request to decoding options. */
final class ParameterMapper {
    private ParameterMapper() {}

    /**
     * Maps parameters. Without a temperature, decoding is greedy.
     *
     * @throws UnsupportedFeatureException if they ask for tools, or are those of another model
     * @throws org.llava4j.data.BadInputException if a value is out of range, or the schema of the answer is not supported
     */
    static DecodingOptions map(ChatRequestParameters parameters, long seed) {
        requireOwn(parameters);
        requireNoTools(parameters);
        double topP = or(parameters.topP(), 1.0);
        SamplingOptions sampling = new SamplingOptions(
                or(parameters.temperature(), 0.0),
                topP == 0 ? Double.MIN_NORMAL : topP, // greedy decoding
                or(parameters.topK(), 0),
                0,
                new Penalties(1, or(parameters.frequencyPenalty(), 0.0), or(parameters.presencePenalty(), 0.0)),
                Map.of(),
                seed);
        return new DecodingOptions(
                        sampling,
                        or(parameters.maxOutputTokens(), LlavaModel.DEFAULT_MAX_NEW_TOKENS),
                        or(parameters.stopSequences(), List.of()))
                .withSchema(SchemaMapper.map(parameters.responseFormat()));
    }

    /**
     * Rejects parameters of other models, which have values that would be dropped.
     *
     * @throws UnsupportedFeatureException if they are of another class than LangChain4j's own parameters
     */
    static void requireOwn(ChatRequestParameters parameters) {
        if (parameters.getClass() != DefaultChatRequestParameters.class) {
            throw new UnsupportedFeatureException(
                    "parameters of the class "
                            + parameters.getClass().getName()
                            + " are not supported, because they are those of another model; use ChatRequestParameters.builder()");
        }
    }

    private static void requireNoTools(ChatRequestParameters parameters) {
        List<String> tools = or(parameters.toolSpecifications(), List.<ToolSpecification>of()).stream()
                .map(ToolSpecification::name)
                .toList();
        if (!tools.isEmpty()) {
            throw new UnsupportedFeatureException("the model calls no tools; remove " + String.join(", ", tools));
        }
        if (parameters.toolChoice() == ToolChoice.REQUIRED) {
            throw new UnsupportedFeatureException("the model calls no tools; remove toolChoice REQUIRED");
        }
    }

    private static <T> T or(@Nullable T value, T defaultValue) {
        return Objects.requireNonNullElse(value, defaultValue);
    }
}
