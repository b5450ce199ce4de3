package org.llava4j.data.llavabench;

import java.util.List;
import org.llava4j.data.captions.BoundingBox;

/**
 * Textual context of an image for the judge.
 *
 * @param image path of the image relative to the image folder
 * @param captions one for LLaVA-Bench (In-the-Wild), COCO's five for LLaVA-Bench (COCO)
 * @param boxes COCO's bounding boxes, as fractions; empty for In-the-Wild
 */
public record BenchContext(String image, List<String> captions, List<BoundingBox> boxes) {
    public BenchContext {
        captions = List.copyOf(captions);
        boxes = List.copyOf(boxes);
    }
}
