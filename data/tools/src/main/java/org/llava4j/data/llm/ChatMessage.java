package org.llava4j.data.llm;

/** Message of a chat. */
public record ChatMessage(Role role, String text) {
    /** Role of a message; {@link #wire()} is its name in OpenAI's API. */
    enum Role {
        SYSTEM("system"),
        USER("user"),
        ASSISTANT("assistant");

        private final String wire;

        Role(String wire) {
            this.wire = wire;
        }

        /** Returns the name of the role in OpenAI's API. */
        String wire() {
            return wire;
        }
    }

    /** Creates a system prompt. */
    public static ChatMessage system(String text) {
        return new ChatMessage(Role.SYSTEM, text);
    }

    /** Creates a message of the user. */
    public static ChatMessage user(String text) {
        return new ChatMessage(Role.USER, text);
    }

    /** Creates a message of the model. */
    public static ChatMessage assistant(String text) {
        return new ChatMessage(Role.ASSISTANT, text);
    }
}
