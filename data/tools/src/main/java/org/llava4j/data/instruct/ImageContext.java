package org.llava4j.data.instruct;

import java.util.Locale;
import java.util.stream.Collectors;
import org.llava4j.data.captions.BoundingBox;
import org.llava4j.data.captions.CaptionedImage;

/**
 * Symbolic representation of an image as text (section 3): its captions, one per line, then an empty line and its
 * bounding boxes, one per line, as {@code category: [x1, y1, x2, y2]}, fractions of width and height with three
 * decimals.
 */
final class ImageContext {

    private ImageContext() {}

    static String of(CaptionedImage image, boolean boxes) {
        String captions = String.join("\n", image.captions());
        return boxes && !image.boxes().isEmpty()
                ? captions + "\n\n"
                        + image.boxes().stream().map(ImageContext::line).collect(Collectors.joining("\n"))
                : captions;
    }

    private static String line(BoundingBox box) {
        return String.format(
                Locale.ROOT, "%s: [%.3f, %.3f, %.3f, %.3f]", box.category(), box.x1(), box.y1(), box.x2(), box.y2());
    }
}
