package org.llava4j.langchain4j;

import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.util.List;
import java.util.Set;

/** Properties that LangChain4j's interfaces of chat models have in common. */
abstract class ChatModelProperties {
    final ChatBackend backend;

    ChatModelProperties(ChatBackend backend) {
        this.backend = backend;
    }

    /** Parameters of requests that do not set them. */
    public ChatRequestParameters defaultRequestParameters() {
        return backend.parameters();
    }

    /** Listeners of requests, responses and errors. */
    public List<ChatModelListener> listeners() {
        return backend.listeners();
    }

    /** Answers can be constrained to a JSON schema. */
    public Set<Capability> supportedCapabilities() {
        return ChatBackend.CAPABILITIES;
    }

    /** {@link ModelProvider#OTHER}: LangChain4j has no constant for LLaVA4J. */
    public ModelProvider provider() {
        return ChatBackend.PROVIDER;
    }
}
