package org.llava4j.data.captions;

import java.util.List;

/**
 * Symbolic representation of an image: its captions and bounding boxes (section 3). A text-only LLM takes it in place
 * of the image.
 *
 * @param id in the data file
 * @param image path of the image relative to the image folder
 * @param widthPx width of the image; 0 if unknown
 * @param heightPx height of the image; 0 if unknown
 * @param captions human-written captions, in file order
 * @param boxes bounding boxes, in file order; empty if the image is not annotated
 */
public record CaptionedImage(
        String id, String image, int widthPx, int heightPx, List<String> captions, List<BoundingBox> boxes) {
    public CaptionedImage {
        captions = List.copyOf(captions);
        boxes = List.copyOf(boxes);
    }
}
