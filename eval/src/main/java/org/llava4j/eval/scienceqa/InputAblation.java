package org.llava4j.eval.scienceqa;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import org.llava4j.data.BadInputException;

/**
 * Input ablation: which part of a problem's input is removed or exchanged, to measure how much the model relies on it.
 */
public enum InputAblation {
    /** The full input. */
    NONE,
    /** Text only. */
    NO_IMAGE,
    /** The image of another problem in place of the problem's own. */
    SHUFFLED_IMAGES,
    /** Image and question, without the context text. */
    NO_CONTEXT;

    /** Former flag values, which are still accepted. */
    private static final Map<String, String> FORMER_NAMES = Map.of("all", "none", "other-image", "shuffled-images");

    /**
     * Returns the ablation of a name.
     *
     * @throws BadInputException if the name is unknown
     */
    static InputAblation named(String name) {
        String current = FORMER_NAMES.getOrDefault(name, name);
        return Arrays.stream(values())
                .filter(ablation -> ablation.toString().equals(current))
                .findFirst()
                .orElseThrow(() -> new BadInputException(
                        "--input-ablation " + name + " is unknown; use one of " + Arrays.toString(values())));
    }

    /** The flag value, such as {@code no-image}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
