package org.llava4j.data.conversation;

import java.io.Serializable;
import org.llava4j.data.BadInputException;

/**
 * What one side says.
 *
 * @param from {@link #HUMAN} or {@link #GPT}, the names LLaVA's data files use
 * @param value the text; {@code <image>} stands for an image
 */
public record Turn(String from, String value) implements Serializable {
    /** Who asks. */
    public static final String HUMAN = "human";

    /** Who answers; what is learned. */
    public static final String GPT = "gpt";

    public Turn {
        if (!HUMAN.equals(from) && !GPT.equals(from)) {
            throw new BadInputException("a turn is from \"" + from + "\"; write \"human\" or \"gpt\"");
        }
        if (value == null) {
            throw new BadInputException("a turn from \"" + from + "\" has no \"value\"; write its text");
        }
    }

    public static Turn human(String value) {
        return new Turn(HUMAN, value);
    }

    public static Turn gpt(String value) {
        return new Turn(GPT, value);
    }

    public boolean isHuman() {
        return HUMAN.equals(from);
    }
}
