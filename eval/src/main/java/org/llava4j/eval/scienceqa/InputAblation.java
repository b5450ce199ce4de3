package org.llava4j.eval.scienceqa;

import java.util.Arrays;
import java.util.Locale;
import org.llava4j.data.BadInputException;

/** What of a problem is shown: all of it, or less, to see what the model needs. */
public enum InputAblation {
    /** All of it. */
    NONE,
    /** The text alone. */
    NO_IMAGE,
    /** Another problem's image in place of its own. */
    SHUFFLED_IMAGES,
    /** The image and the question, without what is said beside it. */
    NO_CONTEXT;

    /** @throws BadInputException if there is none of this name */
    static InputAblation named(String name) {
        return Arrays.stream(values())
                .filter(showing -> showing.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> new BadInputException(
                        "--show " + name + " is not known; use one of " + Arrays.toString(values())));
    }

    /** As a flag has it: {@code no-image}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
