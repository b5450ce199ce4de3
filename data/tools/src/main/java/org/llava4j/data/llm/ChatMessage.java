package org.llava4j.data.llm;

/** Message of a chat. */
public record ChatMessage(Role role, String text) {
    /** Role of a message; in OpenAI's API its name is in lower case. */
    enum Role {
        SYSTEM,
        USER,
        ASSISTANT
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
