package org.llava4j.data.image;

import org.llava4j.data.BadInputException;
import org.llava4j.data.EnumName;

/** Treatment of images that are not square: LLaVA's {@code image_aspect_ratio}. */
public enum AspectRatio {
    /** Resizes the shorter edge to the input size of the tower and crops the longer edge (LLaVA 1.0, the paper). */
    SQUARE,
    /** Pads the image to a square with the mean color first (LLaVA 1.5). */
    PAD;

    /**
     * The aspect ratio mode of LLaVA's name for it.
     *
     * @throws BadInputException if {@code name} is neither {@code square} nor {@code pad}
     */
    public static AspectRatio fromName(String name) {
        return EnumName.parse(AspectRatio.class, "image_aspect_ratio", name);
    }
}
