package org.llava4j.data.llm;

import java.util.Set;

/**
 * What a model said.
 *
 * @param text as it came; may be empty
 * @param finish why it stopped, in the protocol's words: {@code stop}, {@code length}, {@code content_filter}
 * @param model who says that it answered
 * @param promptTokens as the endpoint counted them; -1 where it did not say
 * @param completionTokens as the endpoint counted them; -1 where it did not say
 */
public record LlmAnswer(String text, String finish, String model, long promptTokens, long completionTokens) {
    /** OpenAI's reason for the end of the text, and those of servers that have words of their own for it. */
    private static final Set<String> ENDS = Set.of("stop", "eos", "eos_token", "stop_sequence", "end_turn");

    /** Whether the model ended the answer itself; an endpoint that gives no finish reason counts as such. */
    public boolean complete() {
        return finish.isEmpty() || ENDS.contains(finish);
    }

    /** Whether the answer ended at the limit of tokens. */
    public boolean truncated() {
        return finish.equals("length");
    }

    /** Whether the endpoint's content filter cut or changed the answer. */
    public boolean filtered() {
        return finish.equals("content_filter");
    }

    /** What it took; at most {@code bound}, which stands in where the endpoint did not say. */
    long tokens(long bound) {
        return promptTokens < 0 || completionTokens < 0 ? bound : promptTokens + completionTokens;
    }
}
