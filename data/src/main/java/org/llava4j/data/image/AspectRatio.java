package org.llava4j.data.image;

import org.llava4j.data.BadInputException;

/** What happens to a picture that is not square: LLaVA's {@code image_aspect_ratio}. */
public enum AspectRatio {
    /** The shorter edge fills the tower's square, the ends of the longer one are cut off (the paper). */
    SQUARE,
    /** The picture is first padded to a square with the mean colour (v1.5). */
    PAD;

    /**
     * The treatment that LLaVA calls {@code name}.
     *
     * @throws BadInputException if {@code name} is not the name LLaVA gives to one of these
     */
    public static AspectRatio fromName(String name) {
        return switch (name) {
            case "square" -> SQUARE;
            case "pad" -> PAD;
            default ->
                throw new BadInputException(
                        "image_aspect_ratio \"" + name + "\" is not known; it can be \"square\" or \"pad\"");
        };
    }
}
