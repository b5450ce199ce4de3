package org.llava4j.data.llm;

import java.util.Set;
import org.llava4j.data.BadInputException;

/**
 * Answer of an LLM.
 *
 * @param text generated text; may be empty
 * @param finish OpenAI's finish reason: {@code stop}, {@code length}, {@code content_filter}
 * @param model name of the model, as the endpoint reports it
 * @param promptTokens as the endpoint counts them; -1 if it does not report them
 * @param completionTokens as the endpoint counts them; -1 if it does not report them
 */
public record LlmAnswer(String text, String finish, String model, long promptTokens, long completionTokens) {
    /** Finish reasons for the end of the text: OpenAI's, and those of other servers. */
    private static final Set<String> ENDS = Set.of("stop", "eos", "eos_token", "stop_sequence", "end_turn");

    public LlmAnswer {
        if (text == null || finish == null) {
            throw new BadInputException("an answer needs \"text\" and \"finish\"");
        }
    }

    /** Tests whether the model ended the answer; true if the endpoint gives no finish reason. */
    public boolean complete() {
        return finish.isEmpty() || ENDS.contains(finish);
    }

    /** Tests whether the answer was truncated at the maximum number of tokens. */
    public boolean truncated() {
        return finish.equals("length");
    }

    /** Tests whether the endpoint's content filter cut or changed the answer. */
    public boolean filtered() {
        return finish.equals("content_filter");
    }

    /** Returns the tokens used, or {@code bound} if the endpoint does not report them. */
    long tokens(long bound) {
        return promptTokens < 0 || completionTokens < 0 ? bound : promptTokens + completionTokens;
    }
}
