package org.llava4j.langchain4j;

import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import java.util.List;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.folder.ModelSource;

/**
 * What the builders of {@link LlavaChatModel} and {@link LlavaStreamingChatModel} have in common.
 *
 * @param <B> the builder
 */
public abstract class ChatModelBuilder<B extends ChatModelBuilder<B>> {
    private final LlavaModel model;
    private String modelName;
    private ChatRequestParameters parameters = DefaultChatRequestParameters.EMPTY;
    private List<ChatModelListener> listeners = List.of();
    private long seed;

    ChatModelBuilder(LlavaModel model) {
        this.model = model;
        ModelSource source = model.source();
        modelName = source == null ? "llava" : source.name();
    }

    abstract B self();

    /** Name of the model in responses, and the only one that requests may ask for. Default: that of the model folder. */
    public B modelName(String name) {
        modelName = name;
        return self();
    }

    /**
     * Parameters of requests that do not set them.
     *
     * @throws dev.langchain4j.exception.UnsupportedFeatureException if they are those of another model, such as
     *     {@code OpenAiChatRequestParameters}
     */
    public B defaultRequestParameters(ChatRequestParameters defaults) {
        ParameterMapper.requireOwn(defaults);
        parameters = defaults;
        return self();
    }

    /** Listeners of requests, responses and errors. */
    public B listeners(List<ChatModelListener> all) {
        listeners = List.copyOf(all);
        return self();
    }

    /** Seed of sampling, the same for each request. Default: 0. */
    public B seed(long value) {
        seed = value;
        return self();
    }

    ChatBackend backend() {
        ChatRequestParameters named =
                ChatRequestParameters.builder().modelName(modelName).build();
        return new ChatBackend(model, modelName, named.overrideWith(parameters), listeners, seed);
    }
}
