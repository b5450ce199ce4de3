package org.llava4j.data.captions;

import java.util.List;

/**
 * A picture in words: what a teacher without eyes is told of it (section 3).
 *
 * @param id what the data file calls it
 * @param image path of the picture relative to the image folder
 * @param widthPx of the picture; 0 where the file does not have it
 * @param heightPx of the picture; 0 where the file does not have it
 * @param captions what people wrote about it, in the order of the file
 * @param boxes what is where in it, in the order of the file; empty where nobody looked
 */
public record CaptionedImage(
        String id, String image, int widthPx, int heightPx, List<String> captions, List<BoundingBox> boxes) {
    public CaptionedImage {
        captions = List.copyOf(captions);
        boxes = List.copyOf(boxes);
    }
}
