package org.llava4j.data.instruct;

import java.util.Locale;
import java.util.stream.Collectors;
import org.llava4j.data.captions.BoundingBox;
import org.llava4j.data.captions.CaptionedImage;

/**
 * A picture as text (section 3): its captions, one a line, then an empty line and its boxes, one a line, as
 * {@code category: [x1, y1, x2, y2]}, fractions of width and height with three decimals.
 */
final class ImageContext {

    private ImageContext() {}

    static String of(CaptionedImage picture, boolean boxes) {
        String captions = String.join("\n", picture.captions());
        return boxes && !picture.boxes().isEmpty()
                ? captions + "\n\n"
                        + picture.boxes().stream().map(ImageContext::line).collect(Collectors.joining("\n"))
                : captions;
    }

    private static String line(BoundingBox box) {
        return String.format(
                Locale.ROOT, "%s: [%.3f, %.3f, %.3f, %.3f]", box.category(), box.x1(), box.y1(), box.x2(), box.y2());
    }
}
