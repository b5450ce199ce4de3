package org.llava4j.data.image;

import java.util.Locale;
import org.llava4j.data.BadInputException;

/** Treatment of the EXIF orientation, with which cameras store how they were held. */
public enum ExifOrientation {
    /** Turns the image upright, as browsers and transformers' {@code load_image} do. */
    APPLY,
    /** Leaves the image as stored, as LLaVA's training and evaluation do. */
    IGNORE;

    /**
     * The treatment of a name on the command line.
     *
     * @throws BadInputException if {@code name} is neither {@code apply} nor {@code ignore}
     */
    public static ExifOrientation fromName(String name) {
        return switch (name) {
            case "apply" -> APPLY;
            case "ignore" -> IGNORE;
            default -> throw new BadInputException("the EXIF orientation is \"apply\" or \"ignore\", not " + name);
        };
    }

    /** The name on the command line. */
    public String optionName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
