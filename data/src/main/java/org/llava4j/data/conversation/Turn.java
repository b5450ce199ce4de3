package org.llava4j.data.conversation;

import java.io.Serializable;
import org.llava4j.data.BadInputException;

/**
 * Turn of a conversation.
 *
 * @param from {@link #HUMAN} or {@link #GPT}, the names in LLaVA's data files
 * @param value the text; {@code <image>} refers to an image
 */
public record Turn(String from, String value) implements Serializable {
    /** Role of the user. */
    static final String HUMAN = "human";

    /** Role of the model; its turns are the training targets. */
    static final String GPT = "gpt";

    public Turn {
        if (!HUMAN.equals(from) && !GPT.equals(from)) {
            throw new BadInputException(
                    "the role (\"from\") of a turn is \"" + from + "\"; write \"human\" or \"gpt\"");
        }
        if (value == null) {
            throw new BadInputException("a turn from \"" + from + "\" has no \"value\"; add its text");
        }
    }

    /** Creates a turn of the user. */
    public static Turn human(String value) {
        return new Turn(HUMAN, value);
    }

    /** Creates a turn of the model. */
    public static Turn gpt(String value) {
        return new Turn(GPT, value);
    }

    /** Tests whether this is a turn of the user. */
    public boolean isHuman() {
        return HUMAN.equals(from);
    }
}
