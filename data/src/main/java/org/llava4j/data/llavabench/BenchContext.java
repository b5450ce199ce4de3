package org.llava4j.data.llavabench;

import java.util.List;
import org.llava4j.data.captions.BoundingBox;

/**
 * What a judge is told of a picture.
 *
 * @param image path of the picture relative to the image folder
 * @param captions one in the wild, COCO's five otherwise
 * @param boxes COCO's, as fractions; empty in the wild
 */
public record BenchContext(String image, List<String> captions, List<BoundingBox> boxes) {
    public BenchContext {
        captions = List.copyOf(captions);
        boxes = List.copyOf(boxes);
    }
}
